import FarmPorts
import Glibc
import NIOCore

/// Carries bytes between a client and a guest, both on one event loop. Each side reads only while the other
/// accepts writes; the end of one direction is passed on and leaves the other open.
final class Splice {
    enum Side { case client, guest }

    /// What is known of one channel.
    private struct End {
        var context: ChannelHandlerContext?
        /// No more comes from it.
        var inputEnded = false
        /// No more is sent to it.
        var outputEnded = false
        /// It may read again once the other side accepts writes.
        var owesRead = false
    }

    private var client = End()
    private var guest = End()
    private let halfClosedTime: Duration
    private let loop: any EventLoop
    private let promise: EventLoopPromise<RelayEnd>
    /// Who ended it: decided once.
    private var cause: RelayEnd?
    private var timer: Scheduled<Void>?
    /// Counts reads, so that silence after a half-close is noticed.
    private var reads = 0
    private var isOver = false

    init(halfClosedTime: Duration, loop: any EventLoop) {
        self.halfClosedTime = halfClosedTime
        self.loop = loop
        promise = loop.makePromise(of: RelayEnd.self)
    }

    /// Completes when both channels are closed.
    var end: EventLoopFuture<RelayEnd> { promise.futureResult }

    func attach(_ context: ChannelHandlerContext, as side: Side) {
        change(side) { $0.context = context }
    }

    /// Sends what came while the splice was being made, and begins to read on both sides.
    func begin() {
        client.context?.flush()
        guest.context?.flush()
        client.context?.read()
        guest.context?.read()
    }

    /// Ends both sides now.
    func cut() {
        cause = cause ?? .cut
        closeBoth()
    }

    // MARK: What the channels report

    func received(_ data: NIOAny, from side: Side) {
        reads += 1
        let other = end(across: side)
        guard !other.outputEnded else { return }
        other.context?.write(data, promise: nil)
    }

    func readComplete(_ side: Side) {
        let other = end(across: side)
        other.context?.flush()
        guard !end(side).inputEnded else { return }
        if other.context?.channel.isWritable ?? false {
            end(side).context?.read()
        } else {
            change(side) { $0.owesRead = true }
        }
    }

    func writabilityChanged(_ side: Side) {
        guard end(side).context?.channel.isWritable ?? false else { return }
        let other: Side = side == .client ? .guest : .client
        if end(other).owesRead {
            change(other) { $0.owesRead = false }
            end(other).context?.read()
        }
    }

    /// The side sends no more, but can still receive.
    func inputEnded(_ side: Side) {
        guard !end(side).inputEnded else { return }
        change(side) { $0.inputEnded = true }
        cause = cause ?? (side == .client ? .clientClosed : .guestClosed)
        endOutput(across: side)
        watchSilence()
    }

    func failed(_ side: Side, _ error: any Error) {
        let hasVanished = (error as? IOError).map {
            [ETIMEDOUT, EHOSTUNREACH, ENETUNREACH].contains($0.errnoCode)
        }
        cause =
            cause ?? (side == .guest ? .guestClosed : hasVanished ?? false ? .clientVanished : .clientClosed)
        end(side).context?.close(promise: nil)
    }

    func closed(_ side: Side) {
        cause = cause ?? (side == .client ? .clientClosed : .guestClosed)
        change(side) {
            $0.context = nil
            $0.inputEnded = true
            $0.outputEnded = true
        }
        let other = end(across: side)
        if let context = other.context {
            closeAfterWrites(context)
        } else {
            finish()
        }
    }

    // MARK: Ending

    private func endOutput(across side: Side) {
        let other: Side = side == .client ? .guest : .client
        guard !end(other).outputEnded, let context = end(other).context else { return }
        change(other) { $0.outputEnded = true }
        if end(other).inputEnded {
            closeAfterWrites(context)
        } else {
            // After the writes: NIO would drop them if this end's input closed meanwhile.
            let channel = context.channel
            context.writeAndFlush(NIOAny(ByteBuffer())).whenComplete { _ in
                channel.close(mode: .output, promise: nil)
            }
        }
        if end(side).outputEnded, let context = end(side).context { closeAfterWrites(context) }
    }

    /// Lets what was written go out, for a bounded time.
    private func closeAfterWrites(_ context: ChannelHandlerContext) {
        let channel = context.channel
        context.writeAndFlush(NIOAny(ByteBuffer())).whenComplete { _ in
            channel.close(promise: nil)
            channel.read()
        }
        loop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
    }

    private func closeBoth() {
        for context in [client.context, guest.context] {
            context?.close(promise: nil)
            // TLS waits for the other end's close_notify, which is seen only by reading.
            context?.read()
        }
        if client.context == nil, guest.context == nil { finish() }
    }

    private func finish() {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        promise.succeed(cause ?? .cut)
    }

    private func watchSilence() {
        guard timer == nil, !isOver else { return }
        let seen = reads
        timer = loop.assumeIsolated().scheduleTask(in: TimeAmount(halfClosedTime)) {
            self.timer = nil
            if self.reads == seen { self.closeBoth() } else { self.watchSilence() }
        }
    }

    // MARK: The two ends

    private func end(_ side: Side) -> End { side == .client ? client : guest }
    private func end(across side: Side) -> End { side == .client ? guest : client }

    private func change(_ side: Side, _ body: (inout End) -> Void) {
        switch side {
        case .client: body(&client)
        case .guest: body(&guest)
        }
    }
}

/// The place of a splice in one channel's pipeline.
final class SpliceHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let splice: Splice
    private let side: Splice.Side

    init(_ splice: Splice, _ side: Splice.Side) {
        self.splice = splice
        self.side = side
    }

    func handlerAdded(context: ChannelHandlerContext) { splice.attach(context, as: side) }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { splice.received(data, from: side) }
    func channelReadComplete(context: ChannelHandlerContext) { splice.readComplete(side) }
    func channelWritabilityChanged(context: ChannelHandlerContext) { splice.writabilityChanged(side) }
    func channelInactive(context: ChannelHandlerContext) { splice.closed(side) }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { splice.failed(side, error) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { splice.inputEnded(side) }
    }
}
