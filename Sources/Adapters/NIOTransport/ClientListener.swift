package import FarmPorts
import Glibc
package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// Accepts QVD clients: TLS, HTTP/1.1 and what follows an upgrade.
package struct ClientListener: Sendable {
    private let configuration: ListenerConfiguration
    private let log: Logger
    private let tls: NIOSSLContext?

    /// Reads certificate and key. Throws, naming the file, when one cannot be used.
    package init(_ configuration: ListenerConfiguration, log: Logger) throws(PortError) {
        self.configuration = configuration
        self.log = log
        tls = try configuration.tls.map(Self.makeTLS) ?? nil
    }

    private static func makeTLS(_ files: ListenerConfiguration.TLSFiles) throws(PortError) -> NIOSSLContext? {
        func read<Value>(_ file: String, _ body: () throws -> Value) throws(PortError) -> Value {
            do {
                return try body()
            } catch {
                throw PortError(
                    .rejected, .invalid, attempt: "reading \(file)",
                    detail: "\(error); it must be a PEM file that this process may read")
            }
        }
        let chain = try read(files.certificate) { try NIOSSLCertificate.fromPEMFile(files.certificate) }
        let key = try read(files.key) { try NIOSSLPrivateKey(file: files.key, format: .pem) }
        var settings = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        settings.minimumTLSVersion = .tlsv12
        return try read(files.certificate) { try NIOSSLContext(configuration: settings) }
    }

    /// Listens and has every request handled, until the task is cancelled: then nothing new is accepted, the
    /// handlers are cancelled, and it returns when they have ended.
    /// - Parameters:
    ///   - bound: told the port, once.
    ///   - handle: called for each request, in a task of the connection; one at a time per connection.
    package func run(
        bound: @Sendable (Int) -> Void = { _ in },
        handle: @escaping @Sendable (any ClientExchange) async -> Void
    ) async throws(PortError) {
        let attempt = "listening for clients on \(placeName)"
        let open = OpenConnections(max: configuration.connectionsMax)
        do {
            let listener = try await bind(open)
            bound(listener.channel.localAddress?.port ?? 0)
            try await listener.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        guard let connection else { continue }
                        group.addTask { await connection.serve(handle) }
                    }
                }
            }
        } catch is CancellationError {
            return
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw PortError(
                .rejected, .alreadyExists, attempt: attempt, detail: "another process listens there")
        } catch {
            throw PortError(.rejected, .unavailable, attempt: attempt, detail: "\(error)")
        }
    }

    private var placeName: String {
        switch configuration.place {
        case .address(let host, let port): "\(host):\(port)"
        case .socket(let descriptor): "the socket handed over as descriptor \(descriptor)"
        }
    }

    private func bind(_ open: OpenConnections) async throws -> NIOAsyncChannel<ClientConnection?, Never> {
        var bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.recvAllocator, value: SessionBuffers.receiveAllocator)
            .childChannelOption(.maxMessagesPerRead, value: SessionBuffers.readsPerTurn)
            .childChannelOption(.writeBufferWaterMark, value: SessionBuffers.writeMarks)
        for (option, value) in VanishingPeer.options(noticedWithin: configuration.vanishTime) {
            bootstrap = bootstrap.childChannelOption(option, value: value)
        }
        let begin: @Sendable (any Channel) -> EventLoopFuture<ClientConnection?> = { channel in
            channel.eventLoop.makeCompletedFuture { try self.begin(channel, open) }
        }
        switch configuration.place {
        case .address(let host, let port):
            return try await bootstrap.bind(host: host, port: port, childChannelInitializer: begin)
        case .socket(let descriptor):
            return try await bootstrap.bind(descriptor, childChannelInitializer: begin)
        }
    }

    private func begin(_ channel: any Channel, _ open: OpenConnections) throws -> ClientConnection? {
        guard open.add() else {
            log.warning("client turned away: too many connections", metadata: ["max": "\(open.max)"])
            channel.close(promise: nil)
            return nil
        }
        channel.closeFuture.whenComplete { _ in open.remove() }
        let (exchanges, continuation) = AsyncStream.makeStream(of: NIOClientExchange.self)
        let pipeline = channel.pipeline.syncOperations
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        let decoder = HTTPRequestDecoder(
            leftOverBytesStrategy: .forwardBytes, informationalResponseStrategy: .forward,
            limitConfiguration: limits)
        try pipeline.addHandler(
            ByteToMessageHandler(decoder, maximumBufferSize: configuration.requestLengthMax),
            name: "http decoder")
        try pipeline.addHandler(RequestHandler(configuration: configuration, exchanges: continuation))
        return ClientConnection(channel: channel, exchanges: exchanges)
    }

    private var limits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = configuration.requestLengthMax / 2
        limits.maxHeaderListSize = configuration.requestLengthMax
        limits.maxHeaderFieldCount = 100
        return limits
    }
}

/// One client's connection, whose requests are handled one after the other.
struct ClientConnection: Sendable {
    let channel: any Channel
    let exchanges: AsyncStream<NIOClientExchange>

    func serve(_ handle: @Sendable (any ClientExchange) async -> Void) async {
        for await exchange in exchanges { await handle(exchange) }
        // The client is gone, a session is over, or the listener is being stopped.
        channel.close(promise: nil)
    }
}

/// How many connections there are.
private final class OpenConnections: Sendable {
    let max: Int
    private let count = Mutex(0)

    init(max: Int) { self.max = max }

    /// False when there are too many already.
    func add() -> Bool {
        count.withLock { count in
            guard count < max else { return false }
            count += 1
            return true
        }
    }

    func remove() { count.withLock { $0 -= 1 } }
}
