import FarmModel

/// What a router heard of changes of the store, for those of its tasks that wait for one.
struct StoreNews: Sendable {
    /// Whom a change wakes.
    enum Interest: Sendable, Hashable {
        /// The VM's row or session, or what is not about one VM: a node, an image.
        case vm(VMID)
        /// The sessions of this router.
        case sessions
    }

    private let router: String
    /// How often something was heard.
    private(set) var count = 0
    private var latestOfVM: [VMID: Int] = [:]
    private var latestOfAll = 0
    private var latestOfSessions = 0

    /// VMs that are remembered one by one; when there are more, all of them count as changed.
    static let vmsMax = 20_000

    init(router: String) { self.router = router }

    /// - Parameter news: nil when it could not be read what changed: then everything may have.
    mutating func hear(_ news: FarmChanges?) {
        guard let changes = news?.changes else { return hearOfAll() }
        guard !changes.isEmpty else { return }
        count += 1
        if changes.contains(where: { $0.topic == .router(router) }) { latestOfSessions = count }
        if changes.contains(where: { $0.vm == nil }) { latestOfAll = count }
        for change in changes { if let vm = change.vm { latestOfVM[vm] = count } }
        if latestOfVM.count > Self.vmsMax { hearOfAll() }
    }

    private mutating func hearOfAll() {
        count += 1
        latestOfAll = count
        latestOfSessions = count
        latestOfVM = [:]
    }

    /// Whether something of interest was heard after `count` was `seen`.
    func has(newsFor interest: Interest, after seen: Int) -> Bool {
        switch interest {
        case .vm(let vm): max(latestOfAll, latestOfVM[vm] ?? 0) > seen
        case .sessions: latestOfSessions > seen
        }
    }
}
