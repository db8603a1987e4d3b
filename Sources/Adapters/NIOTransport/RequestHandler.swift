import FarmPorts
import NIOCore
import NIOHTTP1
import TextEncodings

/// The HTTP side of one connection: makes exchanges of requests, one at a time, and writes their answers.
/// Lives on its event loop; is replaced by a splice when an exchange becomes a session.
final class RequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// Requests that came before the answer to an earlier one; more end the connection.
    private static let waitingMax = 4

    private let configuration: ListenerConfiguration
    private let exchanges: AsyncStream<NIOClientExchange>.Continuation
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var current: NIOClientExchange?
    private var waiting: [NIOClientExchange] = []
    private var timer: Scheduled<Void>?
    private var isClosing = false

    init(configuration: ListenerConfiguration, exchanges: AsyncStream<NIOClientExchange>.Continuation) {
        self.configuration = configuration
        self.exchanges = exchanges
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        expectRequest(within: configuration.requestTime)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.cancel()
        exchanges.finish()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            if current == nil { expectRequest(within: configuration.requestTime) }
        case .body:
            refuse("A request with a body is not understood.")
        case .end:
            guard let head, !isClosing else { return }
            self.head = nil
            take(head, context)
        }
    }

    private func take(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let halves = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard head.uri.hasPrefix("/"), let path = PercentEncoding.decode(halves[0], plusIsSpace: false),
            let query = PercentEncoding.decodeQuery(halves.count > 1 ? halves[1] : "")
        else { return refuse("The address of the request cannot be read.") }
        let request = ClientRequest(
            method: head.method.rawValue, path: path, query: query.map { HTTPField($0.name, $0.value) },
            headers: head.headers.map { HTTPField($0.name, $0.value) },
            peer: context.channel.remoteAddress?.ipAddress ?? "unknown")
        // The parser stops at a request that asks for an upgrade; so if that is refused, the connection ends.
        let isLast = !head.isKeepAlive || head.method != .GET || head.headers.contains(name: "Upgrade")
        let exchange = NIOClientExchange(
            request: request, handler: NIOLoopBound(self, eventLoop: context.eventLoop),
            channel: context.channel,
            configuration: configuration, isLast: isLast)
        if current == nil {
            begin(exchange)
        } else if waiting.count < Self.waitingMax {
            waiting.append(exchange)
        } else {
            context.close(promise: nil)
        }
    }

    private func begin(_ exchange: NIOClientExchange) {
        timer?.cancel()
        current = exchange
        exchanges.yield(exchange)
    }

    private func refuse(_ text: String) {
        guard let context, !isClosing, current == nil else {
            context?.close(promise: nil)
            return
        }
        isClosing = true
        write(ResponseText.final(ClientResponse(status: 400, body: text), isLast: true), promise: nil)
        closeAfterWrites(context)
    }

    // MARK: Answers

    /// False when the exchange is not the current one any more: the client is gone, or it was answered.
    func isOpen(_ exchange: NIOClientExchange) -> Bool {
        context != nil && current === exchange && !isClosing
    }

    func write(_ buffer: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.writeAndFlush(wrapOutboundOut(buffer), promise: promise)
    }

    /// Called after the final answer of the current exchange.
    func finish(isLast: Bool) {
        current = nil
        guard let context, !isClosing else { return }
        if isLast {
            isClosing = true
            closeAfterWrites(context)
        } else if waiting.isEmpty {
            expectRequest(within: configuration.idleTime)
        } else {
            begin(waiting.removeFirst())
        }
    }

    /// The current exchange takes the connection over: nothing more is to be done here.
    func yieldConnection() {
        current = nil
        isClosing = true
    }

    // MARK: The end

    private func expectRequest(within time: Duration) {
        timer?.cancel()
        guard let context else { return }
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: TimeAmount(time)) { channel.close(promise: nil) }
    }

    /// Says that no more is coming, and gives the client a moment to read what was sent: closing at once
    /// while its bytes are unread would reset the connection and lose the answer.
    private func closeAfterWrites(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let channel = context.channel
        channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(mode: .output, promise: nil) }
        timer = context.eventLoop.scheduleTask(in: .seconds(2)) { channel.close(promise: nil) }
    }

    private func leave() {
        current?.hangUp.happen()
        current = nil
        for exchange in waiting { exchange.hangUp.happen() }
        waiting = []
        exchanges.finish()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            // Clients do not half-close before they are answered.
            leave()
            context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        leave()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError || error is ByteToMessageDecoderError || error is DecodingTooLarge {
            refuse("The request cannot be read.")
        } else {
            context.close(promise: nil)
        }
    }
}

/// What `ByteToMessageHandler` throws for a request longer than its limit.
typealias DecodingTooLarge = ByteToMessageDecoderError.PayloadTooLargeError
