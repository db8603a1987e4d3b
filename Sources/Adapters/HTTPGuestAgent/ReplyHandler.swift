import GuestProtocol
import NIOCore
import NIOHTTP1
import Synchronization

/// Status and body of an agent's answer.
struct AgentReply: Sendable {
    var status: Int
    var body: [UInt8]
}

/// Collects one answer, up to the protocol's limit.
final class ReplyHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let promise: EventLoopPromise<AgentReply>
    private var reply: AgentReply?

    init(_ promise: EventLoopPromise<AgentReply>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            reply = AgentReply(status: Int(head.status.code), body: [])
        case .body(let part):
            reply?.body += part.readableBytesView
            if let reply, reply.body.count > AgentAnswer.lengthMax {
                promise.fail(ByteToMessageDecoderError.PayloadTooLargeError())
                context.close(promise: nil)
            }
        case .end:
            if let reply { promise.succeed(reply) }
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }
}

/// Set once, from any thread.
final class CancellationMark: Sendable {
    private let mark = Atomic(false)
    var isSet: Bool { mark.load(ordering: .acquiring) }
    func set() { mark.store(true, ordering: .releasing) }
}
