import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import TextEncodings

/// Where the server is, and how to log in there.
struct ServerAddress: Sendable {
    var host: String
    var port: Int
    var usesTLS: Bool

    var name: String { "\(host):\(port)" }
}

/// One final answer.
struct ServerReply {
    var status: Int
    var headers: [(name: String, value: String)]
    var body: String

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// One connection to the router: requests one after the other, then perhaps a session. Not shared between tasks.
final class ServerConnection {
    /// The longest head and body that are read.
    private static let lengthMax = 1 << 20

    let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    /// To be closed by whoever wants the session to end.
    let channel: any Channel
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var unread = ByteBuffer()
    private let authorization: String
    private let host: String

    private init(
        _ channel: any Channel, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ authorization: String, _ host: String
    ) {
        self.channel = channel
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
        self.authorization = authorization
        self.host = host
    }

    /// Connects, has the certificate checked, and gives the connection to `body`; it is closed afterwards.
    static func open<Value>(
        _ address: ServerAddress, authorization: String, trust: (Fingerprint) async throws -> Void,
        _ body: (ServerConnection) async throws -> Value
    ) async throws -> Value {
        let (channel, certificate) = try await connect(address)
        return try await channel.executeThenClose { inbound, outbound in
            if let certificate {
                let bytes: [UInt8]
                do {
                    bytes = try await certificate.get()
                } catch {
                    throw ClientFailure(
                        "\(address.name) does not speak TLS as expected (\(error)); is the port right?",
                        isPassing: true)
                }
                try await trust(try Fingerprint(of: bytes))
            }
            return try await body(ServerConnection(channel.channel, inbound, outbound, authorization, address.host))
        }
    }

    private static func connect(
        _ address: ServerAddress
    ) async throws -> (NIOAsyncChannel<ByteBuffer, ByteBuffer>, EventLoopFuture<[UInt8]>?) {
        let context = address.usesTLS ? try makeTLS() : nil
        do {
            return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connectTimeout(.seconds(10))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let certificate = try context.map { try addTLS($0, to: channel) }
                        let wrapped = try NIOAsyncChannel(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(
                                isOutboundHalfClosureEnabled: true, inboundType: ByteBuffer.self,
                                outboundType: ByteBuffer.self))
                        return (wrapped, certificate)
                    }
                }
        } catch {
            throw ClientFailure(
                "cannot connect to \(address.name): \(reason(error)); is the server up, and are name and port right?",
                isPassing: true)
        }
    }

    /// In words: of the errors of the addresses that a name has, the last.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let last = error.connectionErrors.last { return reason(last.error) }
            return "the name is not known"
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: return "no answer within 10 s"
        default: return "\(error)"
        }
    }

    private static func makeTLS() throws -> NIOSSLContext {
        var settings = TLSConfiguration.makeClientConfiguration()
        settings.minimumTLSVersion = .tlsv12
        settings.certificateVerification = .noHostnameVerification
        return try NIOSSLContext(configuration: settings)
    }

    /// The certificate is taken as it is here and judged before anything is sent.
    private static func addTLS(
        _ context: NIOSSLContext, to channel: any Channel
    ) throws -> EventLoopFuture<[UInt8]> {
        let shown = channel.eventLoop.makePromise(of: [UInt8].self)
        channel.closeFuture.whenComplete { _ in shown.fail(ChannelError.eof) }
        let handler = try NIOSSLClientHandler(context: context, serverHostname: nil) { certificates, verdict in
            do {
                guard let leaf = certificates.first else { throw ChannelError.eof }
                shown.succeed(try leaf.toDERBytes())
                verdict.succeed(.certificateVerified)
            } catch {
                shown.fail(error)
                verdict.succeed(.failed)
            }
        }
        try channel.pipeline.syncOperations.addHandler(handler)
        return shown.futureResult
    }

    // MARK: Requests

    /// Asks, and hands every interim message to `progress`. A 101 is returned like any other answer.
    func get(
        _ path: String, query: [(name: String, value: String)] = [], headers: [String] = [],
        progress: (String) -> Void = { _ in }
    ) async throws -> ServerReply {
        let target = query.isEmpty ? path : path + "?" + PercentEncoding.encodeQuery(query)
        let lines = ["GET \(target) HTTP/1.1", "Host: \(host)", "Authorization: \(authorization)"] + headers
        try await outbound.write(ByteBuffer(string: lines.map { $0 + "\r\n" }.joined() + "\r\n"))
        while true {
            var reply = try await readHead()
            if reply.status == 102 {
                if let text = reply.header("X-QVD-VM-Info") { progress(ForeignText.shown(text)) }
                continue
            }
            if reply.status != 101, let length = reply.header("Content-Length").flatMap(Int.init) {
                guard (0...Self.lengthMax).contains(length) else { throw ClientFailure("the answer is too long") }
                reply.body = try await readText(length)
            }
            return reply
        }
    }

    /// What the server sends next in a session; nil at its end.
    func next() async throws -> ByteBuffer? {
        if unread.readableBytes > 0 {
            defer { unread = ByteBuffer() }
            return unread
        }
        return try await inbound.next(isolation: #isolation)
    }

    private func readHead() async throws -> ServerReply {
        let end: [UInt8] = [13, 10, 13, 10]
        while true {
            let bytes = unread.readableBytesView
            if let place = bytes.firstRange(of: end) {
                let length = bytes.distance(from: bytes.startIndex, to: place.upperBound)
                return try parse(unread.readString(length: length) ?? "")
            }
            guard bytes.count < Self.lengthMax, let more = try await inbound.next(isolation: #isolation) else {
                throw ClientFailure("the server closed the connection without an answer", isPassing: true)
            }
            unread.writeImmutableBuffer(more)
        }
    }

    private func readText(_ length: Int) async throws -> String {
        while unread.readableBytes < length {
            guard let more = try await inbound.next(isolation: #isolation) else {
                throw ClientFailure("the server closed the connection within its answer", isPassing: true)
            }
            unread.writeImmutableBuffer(more)
        }
        return unread.readString(length: length) ?? ""
    }

    private func parse(_ head: String) throws -> ServerReply {
        let lines = head.split(separator: "\r\n")
        let words = lines.first?.split(separator: " ", maxSplits: 2) ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw ClientFailure("the server does not speak HTTP; is the port right?")
        }
        let headers = lines.dropFirst().map { line in
            let halves = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (
                name: String(halves[0]), value: halves.count > 1 ? String(halves[1].drop { $0 == " " }) : ""
            )
        }
        return ServerReply(status: status, headers: headers, body: "")
    }
}
