import Dispatch
import FarmPorts
import Synchronization
import SystemCalls

/// The bounded set of slots through which all calls go. A call that does not return in time is given up: its
/// outcome is unknown, its slot ends whenever the call returns, and a new slot takes its place, as long as no
/// more than `abandonedMax` calls hang.
final class LibvirtSlots: Sendable {
    private struct State {
        var idle: [LibvirtSlot] = []
        var busy = 0
        var abandoned = 0
        var waiting: [FirstAnswer<Result<LibvirtSlot, PortError>>] = []
        var isClosed = false
    }
    private let state = Mutex(State())
    private let uri: String
    private let limits: LibvirtLimits

    init(uri: String, limits: LibvirtLimits) {
        self.uri = uri
        self.limits = limits
    }

    /// Runs the work in a slot. Cancellation gives the call up like a time-out does.
    func call<Value: Sendable>(
        _ attempt: String, limit: Duration, invalidOperation: PortError.Reason = .busy,
        _ work: @escaping @Sendable (LibvirtCalls) throws(LibvirtFailure) -> Value
    ) async throws(PortError) -> Value {
        let slot = try await take(attempt, limit: limit)
        let answer = FirstAnswer<Result<Value, PortError>>()
        let giveUp = { @Sendable (reason: PortError.Reason, why: String) in
            let error = PortError(.outcomeUnknown, reason, attempt: attempt, detail: why)
            if answer.give(.failure(error)) { self.abandoned() }
        }
        after(limit) { giveUp(.timedOut, "libvirt did not answer within \(limit)") }
        slot.run { connection in
            let result = Self.perform(work, &connection, attempt, invalidOperation)
            if answer.give(result) { self.giveBack(slot) } else { self.returned(slot) }
        }
        let result = await withTaskCancellationHandler {
            await answer.value
        } onCancel: {
            giveUp(.cancelled, "cancelled while libvirt was at it")
        }
        return try result.get()
    }

    /// Ends all slots; calls under way still return.
    func close() {
        let (idle, waiting) = state.withLock { state in
            state.isClosed = true
            defer {
                state.idle = []
                state.waiting = []
            }
            return (state.idle, state.waiting)
        }
        for slot in idle { slot.end() }
        for one in waiting {
            one.give(
                .failure(PortError(.unreachable, .cancelled, attempt: "calling libvirt", detail: "closed")))
        }
    }

    private static func perform<Value: Sendable>(
        _ work: (LibvirtCalls) throws(LibvirtFailure) -> Value, _ connection: inout LibvirtConnection,
        _ attempt: String, _ invalidOperation: PortError.Reason
    ) -> Result<Value, PortError> {
        let calls: LibvirtCalls
        do throws(LibvirtFailure) {
            calls = try connection.open()
        } catch {
            return .failure(
                PortError(
                    .unreachable, .unavailable, attempt: attempt,
                    detail:
                        "no connection to libvirtd: \(error.message) (error \(error.code)); is it running?"
                ))
        }
        do throws(LibvirtFailure) {
            return .success(try work(calls))
        } catch {
            return .failure(error.portError(attempt, invalidOperation: invalidOperation))
        }
    }

    // MARK: Slots

    private func take(_ attempt: String, limit: Duration) async throws(PortError) -> LibvirtSlot {
        if Task.isCancelled {
            throw PortError(.unreachable, .cancelled, attempt: attempt, detail: "cancelled")
        }
        let turn = FirstAnswer<Result<LibvirtSlot, PortError>>()
        let found: Result<LibvirtSlot, PortError>? = state.withLock { state in
            if state.isClosed {
                return .failure(PortError(.unreachable, .cancelled, attempt: attempt, detail: "closed"))
            }
            if capacity(state) == 0 {
                let detail =
                    "\(state.abandoned) calls hang, the most allowed; if they stay, restart libvirtd"
                return .failure(PortError(.unreachable, .limit, attempt: attempt, detail: detail))
            }
            if let slot = available(&state) { return .success(slot) }
            guard state.waiting.count < limits.waitingMax else {
                let detail = "\(limits.waitingMax) other calls wait for a connection to libvirt"
                return .failure(PortError(.unreachable, .limit, attempt: attempt, detail: detail))
            }
            state.waiting.append(turn)
            return nil
        }
        if let found { return try found.get() }
        let refuse = { @Sendable (reason: PortError.Reason, why: String) in
            if turn.give(.failure(PortError(.unreachable, reason, attempt: attempt, detail: why))) {
                self.state.withLock { state in state.waiting.removeAll { $0 === turn } }
            }
        }
        after(limit) {
            refuse(.limit, "all \(self.limits.slotsMax) connections to libvirt were busy for \(limit)")
        }
        let result = await withTaskCancellationHandler {
            await turn.value
        } onCancel: {
            refuse(.cancelled, "cancelled")
        }
        return try result.get()
    }

    private func capacity(_ state: State) -> Int {
        max(0, min(limits.slotsMax, limits.slotsMax + limits.abandonedMax - state.abandoned))
    }

    /// An idle slot or, where there may be one more, a new one; it counts as busy from now.
    private func available(_ state: inout State) -> LibvirtSlot? {
        if let slot = state.idle.popLast() {
            state.busy += 1
            return slot
        }
        guard state.busy < capacity(state) else { return nil }
        state.busy += 1
        return LibvirtSlot(uri: uri)
    }

    private func giveBack(_ slot: LibvirtSlot) {
        let isEnding = state.withLock { state in
            state.busy -= 1
            if !state.isClosed { state.idle.append(slot) }
            serveWaiting(&state)
            return state.isClosed
        }
        if isEnding { slot.end() }
    }

    private func abandoned() {
        state.withLock { state in
            state.busy -= 1
            state.abandoned += 1
            serveWaiting(&state)
        }
    }

    /// A call that was given up has returned at last.
    private func returned(_ slot: LibvirtSlot) {
        slot.end()
        state.withLock { state in
            state.abandoned -= 1
            serveWaiting(&state)
        }
    }

    private func serveWaiting(_ state: inout State) {
        while !state.waiting.isEmpty, let slot = available(&state) {
            // Who gave up waiting takes no slot.
            if !state.waiting.removeFirst().give(.success(slot)) {
                state.busy -= 1
                state.idle.append(slot)
            }
        }
    }

    private func after(_ limit: Duration, _ act: @escaping @Sendable () -> Void) {
        let nanoseconds =
            Int(limit.components.seconds) * 1_000_000_000 + Int(limit.components.attoseconds / 1_000_000_000)
        DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(nanoseconds), execute: act)
    }
}
