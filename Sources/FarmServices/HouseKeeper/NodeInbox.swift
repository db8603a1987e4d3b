import FarmControl
import FarmModel

/// What the house keeper's tasks tell its machine, in the order in which it came.
///
/// It is bounded whatever the outside does: each call that is out reports once; that the store changed is kept once; of
/// what the hypervisor says at most `eventsMax` wait, and if more was said the machine is told to look for itself.
actor NodeInbox {
    static let eventsMax = 1_000

    private var waiting: [NodeEvent] = []
    private var hypervisorEvents = 0
    private var hasMissedEvents = false
    private var hasStoreChange = false
    /// One element for any number of events since the last; ends never.
    nonisolated let wakeups: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init() {
        (wakeups, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    func put(_ event: NodeEvent) {
        switch event {
        case .storeChanged:
            guard !hasStoreChange else { return }
            hasStoreChange = true
        case .hypervisor:
            guard hypervisorEvents < Self.eventsMax else {
                hasMissedEvents = true
                return
            }
            hypervisorEvents += 1
        default: break
        }
        waiting.append(event)
        wake.yield()
    }

    /// All that has come since the last time.
    func takeAll() -> [NodeEvent] {
        defer {
            waiting = []
            hypervisorEvents = 0
            hasMissedEvents = false
            hasStoreChange = false
        }
        // As after a lost connection: what was said meanwhile is found by a look.
        return hasMissedEvents ? waiting + [.hypervisor(.connectionRestored)] : waiting
    }
}
