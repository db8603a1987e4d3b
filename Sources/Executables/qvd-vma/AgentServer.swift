import GuestProtocol
import NIOCore
import NIOHTTP1
import NIOPosix

/// The HTTP server of the agent. Requests are read on the event loop and answered by the sessions on threads that
/// may block.
struct AgentServer {
    /// Connections at once; a router needs one or two.
    static let connectionsMax = 64
    /// Connections that wait to be accepted. When there are more, the kernel drops the first packet, and its sender
    /// tries again only after a second: a burst must not cost the router that.
    static let backlog: Int32 = 256
    /// How often the session is looked at: while something is under way, and else. Each look of each of a
    /// hundred guests costs the node.
    private static let lookOften = TimeAmount.milliseconds(100)
    private static let lookSeldom = TimeAmount.seconds(1)

    let configuration: AgentConfiguration
    let host: String
    let port: Int

    /// Serves until the process ends.
    func run() throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        let sessions = SessionService(configuration) { work in
            threads.submit { state in if case .active = state { work() } }
        }
        sessions.adopt()
        let secret = configuration.secret
        let open = ConnectionCount(max: Self.connectionsMax)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard open.enter() else { throw ChannelError.ioOnClosedChannel }
                    channel.closeFuture.whenComplete { _ in open.leave() }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(
                        AgentRequestHandler(sessions: sessions, threads: threads, secret: secret))
                }
            }
        let channel = try bootstrap.bind(host: host, port: port).wait()
        AgentLog.info("answering on \(channel.localAddress.map { "\($0)" } ?? "port \(port)")")
        Self.look(sessions, on: group.next(), threads)
        try channel.closeFuture.wait()
    }

    /// Looks, and again after a while, for as long as the loop runs.
    private static func look(_ sessions: SessionService, on loop: any EventLoop, _ threads: NIOThreadPool) {
        threads.runIfActive(eventLoop: loop) { () -> TimeAmount in
            sessions.look()
            return sessions.isPassing ? lookOften : lookSeldom
        }.whenSuccess { pause in
            loop.scheduleTask(in: pause) { look(sessions, on: loop, threads) }
        }
    }
}
