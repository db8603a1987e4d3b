package import FarmPorts
import NIOCore
import NIOHTTP1

/// One request on one connection.
package final class NIOClientExchange: ClientExchange {
    package let request: ClientRequest
    let handler: NIOLoopBound<RequestHandler>
    let channel: any Channel
    let hangUp = HangUp()
    let configuration: ListenerConfiguration
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

    package func clientGone() async { await hangUp.wait() }

    /// On the event loop: answers with these headers and gives the client's connection to a splice.
    func yieldClient(_ headers: [HTTPField]) throws -> Splice {
        let requests = handler.value
        guard requests.isOpen(self), channel.isActive else {
            throw PortError(.rejected, .unavailable, attempt: "relaying a session", detail: "the client is gone")
        }
        requests.write(ResponseText.switching(headers), promise: nil)
        requests.yieldConnection()
        let splice = Splice(halfClosedTime: configuration.halfClosedTime, loop: channel.eventLoop)
        try channel.syncOptions?.setOption(.autoRead, value: false)
        try channel.pipeline.syncOperations.addHandler(SpliceHandler(splice, .client), name: "splice")
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
