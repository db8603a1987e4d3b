import FarmControl
import FarmModel

/// What the house keeper's tasks tell its machine, in the order in which it came.
///
/// It is bounded whatever the outside does: each call that is out reports once; that the store changed is kept once; of
/// what the hypervisor says at most `eventsMax` wait, and if more was said the machine is told to look for itself.
actor NodeInbox {
    static let eventsMax = 1_000

    /// Ends never. Whoever takes an event that was `heard` says so with `took`.
    nonisolated let events: AsyncStream<NodeEvent>
    private nonisolated let entry: AsyncStream<NodeEvent>.Continuation
    private var hypervisorEvents = 0
    private var hasMissedEvents = false
    private var hasStoreChange = false

    init() { (events, entry) = AsyncStream.makeStream(of: NodeEvent.self, bufferingPolicy: .unbounded) }

    /// What came of a call, or a moment that has come: no more than are awaited.
    nonisolated func put(_ event: NodeEvent) { entry.yield(event) }

    /// What somebody outside says unasked, as often as they like.
    func hear(_ event: NodeEvent) {
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
        entry.yield(event)
    }

    /// The event is about to be given to the machine.
    func took(_ event: NodeEvent) {
        switch event {
        case .storeChanged: hasStoreChange = false
        case .hypervisor:
            hypervisorEvents -= 1
            guard hasMissedEvents else { return }
            // As after a lost connection: what was said meanwhile is found by a look.
            hasMissedEvents = false
            hypervisorEvents += 1
            entry.yield(.hypervisor(.connectionRestored))
        default: break
        }
    }
}

extension NodeEvent {
    /// Whether somebody outside said it unasked.
    var isHeard: Bool {
        switch self {
        case .storeChanged, .hypervisor: true
        default: false
        }
    }
}
