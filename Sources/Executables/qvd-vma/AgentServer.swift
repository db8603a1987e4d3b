import GuestProtocol
import NIOCore
import NIOHTTP1
import NIOPosix

/// The HTTP server of the agent. Requests are read on the event loop and answered by the keeper on threads that
/// may block.
struct AgentServer {
    /// Connections at once; a router needs one or two.
    static let connectionsMax = 64
    /// How long a connection may stay without a whole request, or with an answer that is not taken.
    static let idleMax = TimeAmount.seconds(15)

    let configuration: AgentConfiguration
    let host: String
    let port: Int
    /// How often the session is looked at.
    private let lookEvery = TimeAmount.milliseconds(200)

    /// Serves until the process ends.
    func run() throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
        let keeper = SessionKeeper(configuration) { work in
            threads.submit { state in if case .active = state { work() } }
        }
        keeper.adopt()
        let secret = configuration.secret
        let open = ConnectionCount(max: Self.connectionsMax)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 16)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard open.enter() else { throw ChannelError.ioOnClosedChannel }
                    channel.closeFuture.whenComplete { _ in open.leave() }
                    try channel.pipeline.syncOperations.addHandler(
                        IdleStateHandler(allTimeout: Self.idleMax))
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(
                        AgentRequestHandler(keeper: keeper, threads: threads, secret: secret))
                }
            }
        let channel = try bootstrap.bind(host: host, port: port).wait()
        AgentLog.info("answering on \(channel.localAddress.map { "\($0)" } ?? "port \(port)")")
        group.next().scheduleRepeatedTask(initialDelay: lookEvery, delay: lookEvery) { task in
            threads.runIfActive(eventLoop: group.next()) { _ = keeper.look() }
                .whenFailure { AgentLog.error("looking at the session: \($0)") }
        }
        try channel.closeFuture.wait()
    }
}
