import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import XCTest

/// A TLS connection whose bytes are collected as they come.
final class TLSClient: Sendable {
    private let channel: any Channel
    private let inbox: Inbox

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    deinit { channel.close(promise: nil) }

    var received: [UInt8] { inbox.state.withLock(\.bytes) }
    /// The other side sends no more.
    var hasEnded: Bool { inbox.state.withLock(\.hasEnded) }

    func forget() { inbox.state.withLock { $0.bytes = [] } }
    func send(_ text: String) throws { try channel.writeAndFlush(ByteBuffer(string: text)).wait() }
    func endOutput() throws { try channel.close(mode: .output).wait() }
    func close() throws { try channel.close().wait() }

    /// - Throws: when the handshake fails or the server's certificate is not the one in the file.
    static func connect(port: Int, trusting certificate: String, name: String) throws -> TLSClient {
        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
        let trusted = try NIOSSLCertificate.fromPEMFile(certificate)
        let inbox = Inbox()
        let channel = try ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    // As trust on first use works: this very certificate, whoever signed it.
                    let tls = try NIOSSLClientHandler(
                        context: context, serverHostname: name,
                        customVerificationCallback: { shown, answer in
                            answer.succeed(shown == trusted ? .certificateVerified : .failed)
                        })
                    try channel.pipeline.syncOperations.addHandlers([tls, InboxHandler(inbox)])
                }
            }
            .connect(host: "127.0.0.1", port: port).wait()
        let client = TLSClient(channel: channel, inbox: inbox)
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let (isReady, failure) = inbox.state.withLock { ($0.isReady, $0.failure) }
            if isReady { return client }
            if let failure { throw failure }
            guard ContinuousClock.now < deadline else { throw RawSocket.Failure("a TLS handshake") }
            usleep(5000)
        }
    }

    final class Inbox: Sendable {
        let state = Mutex(State())

        struct State {
            var bytes: [UInt8] = []
            var isReady = false
            var hasEnded = false
            var failure: (any Error)?
        }
    }

    private final class InboxHandler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let inbox: Inbox

        init(_ inbox: Inbox) { self.inbox = inbox }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = Array(unwrapInboundIn(data).readableBytesView)
            inbox.state.withLock { $0.bytes += bytes }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            // TLSUserEvent is in a module that this test does not depend on; its case has this name.
            if "\(event)".hasPrefix("handshakeCompleted") { inbox.state.withLock { $0.isReady = true } }
            if case ChannelEvent.inputClosed = event { inbox.state.withLock { $0.hasEnded = true } }
        }

        func channelInactive(context: ChannelHandlerContext) {
            inbox.state.withLock { $0.hasEnded = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            inbox.state.withLock { $0.failure = error }
            context.close(promise: nil)
        }
    }
}
