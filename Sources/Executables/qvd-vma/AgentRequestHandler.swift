import FarmModel
import GuestProtocol
import NIOCore
import NIOHTTP1
import NIOPosix

/// One request and its answer; then the connection is closed. What is no request gets 400, one without the
/// secret 401, another method 405; nothing a peer sends does more.
final class AgentRequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// From connecting to the answer taken; `x_start` waits the longest of all calls, 3 s.
    private static let timeMax = TimeAmount.seconds(15)

    private let sessions: SessionService
    private let threads: NIOThreadPool
    private let secret: AgentSecret?
    private var head: HTTPRequestHead?
    /// Whether an answer was given or is being made.
    private var isAnswered = false
    private var end: Scheduled<Void>?

    init(sessions: SessionService, threads: NIOThreadPool, secret: AgentSecret?) {
        self.sessions = sessions
        self.threads = threads
        self.secret = secret
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isAnswered else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
        case .body:
            // No method has one.
            refuse(.badRequest, "a request to the agent has no body", context)
        case .end:
            if let head { answer(head, context) }
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        // The secret first: without it nobody learns what there is.
        let shown = head.headers["Authorization"]
        if let secret, shown.count != 1 || !AgentAuthorization.admits(header: shown.first, secret: secret) {
            return refuse(.unauthorized, "this agent answers only requests with the secret of its VM", context)
        }
        guard head.method == .GET else {
            return refuse(.methodNotAllowed, "use GET", context)
        }
        let call: AgentCall
        do throws(GuestProtocolError) {
            call = try AgentCall(target: head.uri)
        } catch {
            return refuse(.badRequest, error.description, context)
        }
        isAnswered = true
        let promise = context.eventLoop.makePromise(of: AgentAnswer.self)
        let sessions = sessions
        let peer = context.remoteAddress?.ipAddress.flatMap { IPv4Address($0) }
        threads.submit { state in
            guard case .active = state else { return promise.fail(ChannelError.ioOnClosedChannel) }
            sessions.answer(call, peer: peer) { promise.succeed($0) }
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { result in
            let (handler, context) = bound.value
            switch result {
            case .success(let answer): handler.write(.ok, answer.encoded, context)
            case .failure: context.close(promise: nil)
            }
        }
    }

    private func refuse(_ status: HTTPResponseStatus, _ reason: String, _ context: ChannelHandlerContext) {
        isAnswered = true
        write(status, AgentAnswer.failure(reason).encoded, context)
    }

    private func write(_ status: HTTPResponseStatus, _ body: String, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: AgentAnswer.contentType)
        headers.add(name: "Content-Length", value: "\(body.utf8.count)")
        headers.add(name: "Connection", value: "close")
        if status == .unauthorized { headers.add(name: "WWW-Authenticate", value: "Bearer") }
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
            promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        end = context.eventLoop.scheduleTask(in: Self.timeMax) { channel.close(promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError, !isAnswered {
            refuse(.badRequest, "this is not an HTTP request", context)
        } else if !isAnswered {
            context.close(promise: nil)
        }
    }
}
