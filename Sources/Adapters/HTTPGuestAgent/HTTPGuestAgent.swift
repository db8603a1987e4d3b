package import FarmModel
package import FarmPorts
import GuestProtocol
import NIOCore
import NIOHTTP1
import NIOPosix

/// Calls the agents in VMs: one connection per call, plain HTTP/1.1 on the VM network, bounded in time and
/// size.
package struct HTTPGuestAgent: GuestAgent {
    private let callTime: Duration
    private let acceptsOriginal: Bool

    /// - Parameters:
    ///   - callTime: how long a call may take, connecting included (the original allows 4 s).
    ///   - acceptsOriginal: whether an agent may answer that asks for no secret, as the original's do. Only `ping`
    ///     looks: a VM whose agent is not accepted never runs.
    package init(callTime: Duration = .seconds(4), acceptsOriginal: Bool = false) {
        self.callTime = callTime
        self.acceptsOriginal = acceptsOriginal
    }

    /// Two calls, of which one shows no secret and must be refused, unless agents of the original are accepted.
    package func ping(_ guest: AgentEndpoint) async throws(PortError) {
        let call = AgentCall(.ping)
        _ = try await self.call(call, guest)
        guard guest.secret != nil, !acceptsOriginal else { return }
        var stranger = guest
        stranger.secret = nil
        let attempt = attempt(call, guest)
        guard try await exchange(call, stranger, attempt).status != 200 else {
            throw PortError(
                .rejected, .denied, attempt: attempt,
                detail:
                    "it answers anybody, without the VM's secret, as the agents of the original do: whoever reaches"
                    + " it rules the desktop. If this guest shall run all the same, set vma.accept_original = 1 in"
                    + " node.conf")
        }
    }

    package func startSession(
        _ guest: AgentEndpoint, parameters: [String: String]
    ) async throws(PortError) {
        let call = AgentCall(.startSession, parameters: parameters)
        guard call.target.utf8.count <= AgentCall.targetLengthMax, parameters.count <= AgentCall.parametersMax
        else {
            throw PortError(
                .rejected, .limit, attempt: attempt(call, guest),
                detail:
                    "more than \(AgentCall.parametersMax) parameters or \(AgentCall.targetLengthMax) bytes")
        }
        _ = try await self.call(call, guest)
    }

    package func sessionState(_ guest: AgentEndpoint) async throws(PortError) -> GuestSessionState {
        let call = AgentCall(.sessionState)
        guard let state = try await self.call(call, guest).sessionState else {
            throw PortError(
                .outcomeUnknown, .corrupt, attempt: attempt(call, guest),
                detail: "the answer is no session state")
        }
        return state
    }

    package func suspendSession(_ guest: AgentEndpoint) async throws(PortError) {
        _ = try await call(AgentCall(.suspendSession), guest)
    }

    package func stopSession(_ guest: AgentEndpoint) async throws(PortError) {
        _ = try await call(AgentCall(.stopSession), guest)
    }

    package func powerOff(_ guest: AgentEndpoint) async throws(PortError) {
        _ = try await call(AgentCall(.powerOff), guest)
    }

    private func attempt(_ call: AgentCall, _ guest: AgentEndpoint) -> String {
        "asking the agent at \(guest.address):\(guest.port) for \(call.method.rawValue)"
    }

    private func call(_ call: AgentCall, _ guest: AgentEndpoint) async throws(PortError) -> AgentAnswer {
        let attempt = attempt(call, guest)
        let reply = try await exchange(call, guest, attempt)
        guard reply.status == 200 else {
            let reason: PortError.Reason = [401, 403].contains(reply.status) ? .denied : .invalid
            throw PortError(
                .rejected, reason, attempt: attempt, detail: "it answered with status \(reply.status)")
        }
        let answer: AgentAnswer
        do throws(GuestProtocolError) {
            answer = try AgentAnswer(decoding: reply.body)
        } catch {
            throw PortError(.outcomeUnknown, .corrupt, attempt: attempt, detail: "\(error)")
        }
        if case .failure(let text) = answer {
            throw PortError(
                .rejected, answer.isBusy ? .busy : .unavailable, attempt: attempt,
                detail: String(text.prefix(500)))
        }
        return answer
    }

    private func exchange(
        _ call: AgentCall, _ guest: AgentEndpoint, _ attempt: String
    ) async throws(PortError) -> AgentReply {
        let limit = TimeAmount.nanoseconds(
            callTime.components.seconds * 1_000_000_000 + callTime.components.attoseconds / 1_000_000_000)
        let began = NIODeadline.now()
        let channel: any Channel
        let reply: EventLoopFuture<AgentReply>
        do {
            (channel, reply) = try await connect(to: guest, limit)
        } catch {
            let isLate = (error as? ChannelError).map { "\($0)".contains("connectTimeout") } ?? false
            throw PortError(
                .unreachable, isLate ? .timedOut : .unavailable, attempt: attempt,
                detail: isLate ? "no connection within \(callTime)" : "\(error)")
        }
        let timer = channel.eventLoop.scheduleTask(deadline: began + limit) { channel.close(promise: nil) }
        defer { timer.cancel() }
        let isCancelled = CancellationMark()
        do {
            return try await withTaskCancellationHandler {
                channel.write(HTTPClientRequestPart.head(Self.request(call, guest)), promise: nil)
                channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
                return try await reply.get()
            } onCancel: {
                isCancelled.set()
                channel.close(promise: nil)
            }
        } catch {
            let isLate = NIODeadline.now() >= began + limit
            throw PortError(
                .outcomeUnknown, isCancelled.isSet ? .cancelled : isLate ? .timedOut : .unavailable,
                attempt: attempt,
                detail: isLate ? "no answer within \(callTime)" : "no whole answer: \(error)")
        }
    }

    private func connect(
        to guest: AgentEndpoint, _ limit: TimeAmount
    ) async throws -> (any Channel, EventLoopFuture<AgentReply>) {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: AgentReply.self)
        do {
            let channel = try await ClientBootstrap(group: loop)
                .connectTimeout(limit)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 2048))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(HTTPRequestEncoder())
                        try pipeline.addHandler(
                            ByteToMessageHandler(
                                HTTPResponseDecoder(), maximumBufferSize: AgentAnswer.lengthMax))
                        try pipeline.addHandler(ReplyHandler(promise))
                    }
                }
                .connect(to: SocketAddress(ipAddress: guest.address.description, port: guest.port)).get()
            return (channel, promise.futureResult)
        } catch {
            promise.fail(error)
            throw error
        }
    }

    private static func request(_ call: AgentCall, _ guest: AgentEndpoint) -> HTTPRequestHead {
        var headers = HTTPHeaders([("Host", "\(guest.address):\(guest.port)"), ("Connection", "close")])
        if let secret = guest.secret {
            headers.add(name: "Authorization", value: AgentAuthorization.header(for: secret))
        }
        return HTTPRequestHead(version: .http1_1, method: .GET, uri: call.target, headers: headers)
    }
}
