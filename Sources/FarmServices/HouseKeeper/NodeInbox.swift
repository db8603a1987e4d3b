import FarmControl
import FarmModel
import Synchronization

/// What the house keeper's tasks tell its machine, in the order in which it came.
///
/// It is bounded whatever the outside does: each call that is out reports once; that the store changed is kept once; of
/// what the hypervisor says at most `eventsMax` wait, and if more was said the machine is told to look for itself.
final class NodeInbox: Sendable {
    static let eventsMax = 1_000

    private struct State {
        var waiting: [NodeEvent] = []
        var hypervisorEvents = 0
        var hasMissedEvents = false
        var hasStoreChange = false
    }

    private let state = Mutex(State())
    /// One element for any number of events since the last; ends never.
    let wakeups: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init() {
        (wakeups, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ event: NodeEvent) {
        state.withLock { state in
            switch event {
            case .storeChanged:
                guard !state.hasStoreChange else { return }
                state.hasStoreChange = true
            case .hypervisor:
                guard state.hypervisorEvents < Self.eventsMax else {
                    state.hasMissedEvents = true
                    return
                }
                state.hypervisorEvents += 1
            default: break
            }
            state.waiting.append(event)
        }
        wake.yield()
    }

    /// All that has come since the last time.
    func takeAll() -> [NodeEvent] {
        state.withLock { state in
            defer { state = State() }
            // As after a lost connection: what was said meanwhile is found by a look.
            return state.hasMissedEvents ? state.waiting + [.hypervisor(.connectionRestored)] : state.waiting
        }
    }
}
