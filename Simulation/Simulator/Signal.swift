/// Something that happens once, for any number of tasks to wait for.
package final class Signal<Value: Sendable>: Sendable {
    private let state = Confined(State())

    private struct State {
        var value: Value?
        var waiters: [Int: UnsafeContinuation<Value?, Never>] = [:]
        var nextWaiter = 0
    }

    package init() {}

    /// Nil until it has happened.
    package var value: Value? { state.value.value }
    package var hasHappened: Bool { state.value.value != nil }

    /// Makes it happen; later calls change nothing.
    package func fire(_ value: Value) {
        guard state.value.value == nil else { return }
        state.value.value = value
        let waiters = state.value.waiters
        state.value.waiters = [:]
        for number in waiters.keys.sorted() { waiters[number]?.resume(returning: value) }
    }

    /// Returns when it has happened, whatever becomes of the task.
    package func waitThroughCancellation() async {
        let number = state.value.nextWaiter
        state.value.nextWaiter += 1
        _ = await withUnsafeContinuation { (continuation: UnsafeContinuation<Value?, Never>) in
            if let value = state.value.value {
                continuation.resume(returning: value)
            } else {
                state.value.waiters[number] = continuation
            }
        }
    }

    /// Returns what happened, or nil when the task was cancelled first.
    package func wait(isolation: isolated (any Actor)? = #isolation) async -> Value? {
        let number = state.value.nextWaiter
        state.value.nextWaiter += 1
        return await withTaskCancellationHandler {
            await withUnsafeContinuation(isolation: isolation) { (continuation: UnsafeContinuation<Value?, Never>) in
                if let value = state.value.value {
                    continuation.resume(returning: value)
                } else if Task.isCancelled {
                    continuation.resume(returning: nil)
                } else {
                    state.value.waiters[number] = continuation
                }
            }
        } onCancel: {
            state.value.waiters.removeValue(forKey: number)?.resume(returning: nil)
        }
    }
}
