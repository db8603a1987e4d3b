package import FarmPorts
import NIOCore
import NIOHTTP1

/// One request on one connection.
package final class NIOClientExchange: ClientExchange {
    package let request: ClientRequest
    let handler: NIOLoopBound<RequestHandler>
    let channel: any Channel
    let departure = Departure()
    private let configuration: ListenerConfiguration
    private let isLast: Bool

    init(
        request: ClientRequest, handler: NIOLoopBound<RequestHandler>, channel: any Channel,
        configuration: ListenerConfiguration, isLast: Bool
    ) {
        self.request = request
        self.handler = handler
        self.channel = channel
        self.configuration = configuration
        self.isLast = isLast
    }

    package func progress(_ text: String) async throws(PortError) {
        try await send(ResponseText.progress(text), doing: "telling the client about progress") { _ in }
    }

    package func respond(_ response: ClientResponse) async throws(PortError) {
        try await send(ResponseText.final(response, isLast: isLast), doing: "answering the client") {
            handler in
            handler.finish(isLast: self.isLast)
        }
    }

    package func clientGone() async { await departure.wait() }

    package func carry(
        over line: any GuestLine, headers: [HTTPField]
    ) async throws(PortError) -> CarriageEnd {
        let attempt = "carrying a session"
        guard let line = line as? NIOGuestLine else {
            throw PortError(.rejected, .invalid, attempt: attempt, detail: "the line is of another transport")
        }
        let splice: NIOLoopBound<Splice>
        do {
            splice = try await channel.eventLoop.submit {
                NIOLoopBound(try self.beginSplice(line, headers), eventLoop: self.channel.eventLoop)
            }.get()
        } catch {
            await line.close()
            if let error = error as? PortError { throw error }
            throw PortError(.rejected, .unavailable, attempt: attempt, detail: "\(error)")
        }
        let loop = channel.eventLoop
        let end: EventLoopFuture<CarriageEnd> = loop.flatSubmit { splice.value.end }
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

    /// On the event loop: replaces the HTTP handlers by the splice.
    private func beginSplice(_ line: NIOGuestLine, _ headers: [HTTPField]) throws -> Splice {
        let attempt = "carrying a session"
        let requests = handler.value
        guard requests.isOpen(self), channel.isActive else {
            throw PortError(.rejected, .unavailable, attempt: attempt, detail: "the client is gone")
        }
        guard line.channel.eventLoop === channel.eventLoop else {
            throw PortError(
                .rejected, .invalid, attempt: attempt, detail: "the line was opened for another client")
        }
        requests.write(ResponseText.switching(headers), promise: nil)
        requests.yieldConnection()
        let splice = Splice(halfClosedTime: configuration.halfClosedTime, loop: channel.eventLoop)
        try channel.syncOptions?.setOption(.autoRead, value: false)
        try channel.pipeline.syncOperations.addHandler(SpliceHandler(splice, .client), name: "splice")
        try line.release(to: splice)
        // The decoder hands on what the client sent behind its request, later on this loop; the splice stands by
        // then, and begins when the decoder is gone.
        channel.pipeline.syncOperations.removeHandler(requests, promise: nil)
        let decoderIsGone = channel.eventLoop.makePromise(of: Void.self)
        channel.pipeline.syncOperations.removeHandler(name: "http decoder", promise: decoderIsGone)
        decoderIsGone.futureResult.assumeIsolated().whenComplete { _ in splice.begin() }
        return splice
    }

    private func send(
        _ buffer: ByteBuffer, doing attempt: String, then: @escaping @Sendable (RequestHandler) -> Void
    ) async throws(PortError) {
        do {
            try await channel.eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
                let handler = self.handler.value
                guard handler.isOpen(self) else {
                    return self.channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
                }
                let promise = self.channel.eventLoop.makePromise(of: Void.self)
                handler.write(buffer, promise: promise)
                then(handler)
                return promise.futureResult
            }.get()
        } catch {
            throw PortError(.rejected, .unavailable, attempt: attempt, detail: "the client is gone: \(error)")
        }
    }
}
