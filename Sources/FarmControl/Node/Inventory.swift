import FarmModel

/// What the newest look at each source has found on a node, and when each is looked at again.
struct Inventory: Sendable, Hashable {
    private let farm: FarmID
    private let node: NodeID
    private var questions: [RepeatedQuestion]
    /// When the look began that brought what is known of each source.
    private var moments: [NodeSource: Instant] = [:]
    /// The domains of this farm and node.
    private(set) var domains: [VMID: ObservedDomain] = [:]
    /// The taps of this farm and node.
    private(set) var taps: [TapName] = []
    /// The taps of this farm and node that have rules, whole or not.
    private(set) var filters: [ObservedFilter] = []
    private(set) var secrets: [VMID] = []
    private(set) var overlays: [VMID] = []

    init(farm: FarmID, node: NodeID) {
        self.farm = farm
        self.node = node
        questions = NodeSource.allCases.map { _ in RepeatedQuestion() }
    }

    /// When and whether a source is asked.
    subscript(source: NodeSource) -> RepeatedQuestion {
        get { questions[source.rawValue] }
        set { questions[source.rawValue] = newValue }
    }

    /// When the look began that brought what is known of a source; nil before the first.
    func asOf(_ source: NodeSource) -> Instant? { moments[source] }

    /// The VMs that have a live domain, sorted.
    var liveVMs: [VMID] { liveVMs { _ in true }.sorted() }

    /// Those of the VMs that have a live domain.
    func liveVMs(among isWanted: (VMID) -> Bool) -> [VMID] {
        domains.keys.filter { isWanted($0) && domains[$0]?.isLive == true }
    }

    /// The earliest moment at which a source is to be asked, or given up.
    var deadline: Instant? { questions.compactMap(\.wakeAt).min() }

    /// - Returns: whether there may now be domains or overlays of other VMs than before.
    mutating func took(_ found: SourceInventory) -> Bool {
        moments[found.source] = self[found.source].began
        switch found {
        case .domains(let list):
            let before = domains
            domains = [:]
            for domain in list {
                if let owner = domain.owner, owner.farm == farm, owner.node == node { domains[owner.vm] = domain }
            }
            return before.count != domains.count || domains.keys.contains { before.index(forKey: $0) == nil }
        case .taps(let list): taps = list.map(\.name).filter(isOurs)
        case .filters(let list): filters = list.filter { isOurs($0.tap) }
        case .secrets(let list): secrets = list
        case .overlays(let list):
            defer { overlays = list }
            return overlays != list
        }
        return false
    }

    /// A tap's name says whose it is.
    private func isOurs(_ tap: TapName) -> Bool { tap.farm == farm && tap.node == node }

    /// For comparing with others; see `Normalization`. It matters what came before a look at the domains and what
    /// after, and of the rules also for the look that brought what is known.
    var comparedMoments: [Instant] {
        [self[.hypervisor].began, self[.filter].began] + [moments[.filter]].compactMap { $0 }
    }

    func normalized(_ moments: Normalization) -> Inventory {
        var copy = self
        for source in NodeSource.allCases {
            let countsOrder = source == .hypervisor || source == .filter
            copy[source] = self[source].normalized(moments, countsOrder: countsOrder)
            copy.moments[source] = self.moments[source].map { source == .filter ? moments.rank($0) : .start }
        }
        return copy
    }
}
