import Dispatch
package import FarmPorts
import Synchronization

/// Calls that may block for ever (a file on storage that went away), each on a thread of its own and with a limit: who
/// asked is answered in time, while the thread stays where it hangs until the kernel lets it go.
///
/// What hangs may still take effect. So a call about something that a hanging call is about is refused: nothing
/// overtakes it. And no more than `stuckMax` calls hang; beyond that every call is refused until one returns.
package final class BlockingCalls: Sendable {
    private struct State {
        var stuck = 0
        /// By what they are about.
        var stuckAbout: [String: Int] = [:]
    }

    private let limit: Duration
    private let stuckMax: Int
    private let queue: DispatchQueue
    private let state = Mutex(State())

    package init(_ label: String, limit: Duration, stuckMax: Int = 16) {
        self.limit = limit
        self.stuckMax = stuckMax
        queue = DispatchQueue(label: label, attributes: .concurrent)
    }

    /// How many calls hang.
    package var stuck: Int { state.withLock(\.stuck) }

    /// - Parameters:
    ///   - about: what it reads or changes, such as `the disks of VM 7`.
    ///   - late: is given the value that nobody waits for any more, to put away what it holds open.
    /// - Throws: what the work throws; `.outcomeUnknown` and `.timedOut` when it did not return within the limit;
    ///   `.unreachable` when it was not begun because of calls that hang.
    package func run<Value: Sendable>(
        _ attempt: String, about: String, late: @escaping @Sendable (Value) -> Void = { _ in },
        _ work: @escaping @Sendable () throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        try admit(attempt, about)
        let answer = FirstAnswer<Result<Value, PortError>>()
        queue.async {
            let result = Result { () throws(PortError) in try work() }
            guard !answer.give(result) else { return }
            if case .success(let value) = result { late(value) }
            self.returned(about)
        }
        let timeLimit = limit
        DispatchQueue.global().asyncAfter(deadline: .now() + .nanoseconds(Int(timeLimit / .nanoseconds(1)))) {
            let error = PortError(
                .outcomeUnknown, .timedOut, attempt: attempt,
                detail: "no answer within \(timeLimit); is the storage reachable? It may still happen")
            // In one piece, so that whoever is answered finds it counted, and its return is counted after it.
            self.state.withLock { state in
                guard answer.give(.failure(error)) else { return }
                state.stuck += 1
                state.stuckAbout[about, default: 0] += 1
            }
        }
        return try await answer.value.get()
    }

    private func admit(_ attempt: String, _ about: String) throws(PortError) {
        let (stuck, stuckHere) = state.withLock { ($0.stuck, $0.stuckAbout[about] ?? 0) }
        guard stuckHere == 0 else {
            throw PortError(
                .unreachable, .busy, attempt: attempt,
                detail: "an earlier call about \(about) still hangs; is the storage reachable?")
        }
        guard stuck < stuckMax else {
            throw PortError(
                .unreachable, .limit, attempt: attempt,
                detail: "\(stuck) calls hang, the most allowed; is the storage reachable?")
        }
    }

    private func returned(_ about: String) {
        state.withLock { state in
            state.stuck -= 1
            state.stuckAbout[about, default: 0] -= 1
            if state.stuckAbout[about] == 0 { state.stuckAbout[about] = nil }
        }
    }
}
