package import FarmModel
package import FarmPorts
import NIOCore
import NIOPosix

extension NIOClientExchange {
    /// On the client's event loop, so that the two can be spliced.
    package func openConnection(
        to address: IPv4Address, port: Int
    ) async throws(PortError) -> any GuestConnection {
        let attempt = "connecting to the X session at \(address):\(port)"
        var bootstrap = ClientBootstrap(group: channel.eventLoop)
            .connectTimeout(TimeAmount(configuration.guestConnectTime))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(EarlyArrivals())
                }
            }
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.recvAllocator, value: SessionBuffers.receiveAllocator)
            .channelOption(.maxMessagesPerRead, value: SessionBuffers.readsPerTurn)
            .channelOption(.writeBufferWaterMark, value: SessionBuffers.writeMarks)
        for (option, value) in VanishingPeer.options(noticedWithin: configuration.vanishTime) {
            bootstrap = bootstrap.channelOption(option, value: value)
        }
        do {
            let channel = try await bootstrap.connect(host: address.description, port: port).get()
            return NIOGuestConnection(channel: channel, exchange: self)
        } catch let error as ChannelError {
            throw PortError(.unreachable, .timedOut, attempt: attempt, detail: "\(error)")
        } catch {
            throw PortError(.unreachable, .unavailable, attempt: attempt, detail: "\(error)")
        }
    }
}

/// A client's open connection to a guest, on which nothing was read or written yet.
final class NIOGuestConnection: GuestConnection {
    private let channel: any Channel
    private let exchange: NIOClientExchange

    init(channel: any Channel, exchange: NIOClientExchange) {
        self.channel = channel
        self.exchange = exchange
    }

    func close() async {
        do {
            try await channel.close()
        } catch {
            // It is closed already, which is what was wanted.
            return
        }
    }

    func relay(headers: [HTTPField]) async throws(PortError) -> RelayEnd {
        let attempt = "relaying a session"
        let loop = channel.eventLoop
        let splice: NIOLoopBound<Splice>
        do {
            splice = try await loop.submit { NIOLoopBound(try self.beginSplice(headers), eventLoop: loop) }.get()
        } catch {
            await close()
            if let error = error as? PortError { throw error }
            throw PortError(.rejected, .unavailable, attempt: attempt, detail: "\(error)")
        }
        let end: EventLoopFuture<RelayEnd> = loop.flatSubmit { splice.value.end }
        do {
            return try await withTaskCancellationHandler {
                try await end.get()
            } onCancel: {
                loop.execute { splice.value.cut() }
            }
        } catch {
            throw PortError(.outcomeUnknown, .unavailable, attempt: attempt, detail: "\(error)")
        }
    }

    /// On the event loop: the client's HTTP handlers and this connection give way to the splice.
    private func beginSplice(_ headers: [HTTPField]) throws -> Splice {
        guard channel.isActive else {
            throw PortError(
                .rejected, .unavailable, attempt: "relaying a session", detail: "the guest closed the connection")
        }
        let pipeline = channel.pipeline.syncOperations
        let early = try pipeline.handler(type: EarlyArrivals.self)
        let splice = try exchange.yieldClient(headers)
        try pipeline.addHandler(SpliceHandler(splice, .guest))
        early.handOver(to: splice)
        pipeline.removeHandler(early, promise: nil)
        return splice
    }
}

/// Keeps what a guest says before its connection is relayed. Nothing is read from it then, but when it closes: its end
/// is told once, and what it had sent comes with it.
private final class EarlyArrivals: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private var arrived: [NIOAny] = []
    private var hasEnded = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { arrived.append(data) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { hasEnded = true }
    }

    func handOver(to splice: Splice) {
        for data in arrived { splice.received(data, from: .guest) }
        arrived = []
        if hasEnded { splice.inputEnded(.guest) }
    }
}
