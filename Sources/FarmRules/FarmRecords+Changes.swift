package import FarmModel

// The feed: each operation tells what it changes, and a reader asks what changed after the moment of its last reading.
extension FarmRecords {
    package func changes(after earlier: Revision) throws(LedgerError) -> FarmChanges {
        let newest = try revision()
        guard newest.hasAll(after: earlier) else { return FarmChanges(revision: newest, changes: nil) }
        if newest == earlier { return FarmChanges(revision: newest, changes: []) }
        return FarmChanges(revision: newest, changes: try changes(afterNumber: earlier.number))
    }

    package func desiredStateChanges(
        of id: NodeID, about vms: [VMID], after earlier: Revision
    ) throws(LedgerError) -> DesiredStateChanges? {
        let node = try nodeThatReads(id)
        let newest = try revision()
        guard newest.hasAll(after: earlier) else { return nil }
        let news = newest == earlier ? [] : try changes(afterNumber: earlier.number, of: id, about: vms)
        let isOfFarm = { (change: FarmChange) in change.topic == .farm }
        guard !news.contains(where: { isOfFarm($0) && $0.vm == nil }) else { return nil }
        let changed = Set(news.compactMap { $0.topic.isOfSessions ? nil : $0.vm })
        let wanted = changed.filter(vms.contains).union(news.compactMap { $0.topic == .node(id) ? $0.vm : nil })
        return DesiredStateChanges(
            node: node, vms: wanted, rows: try assignments(ofVMs: wanted.sorted()),
            abandoned: try abandonedDomains(on: id), diskDeletions: try disksToDelete(),
            areReservationsOthers: news.contains(where: isOfFarm), revision: newest)
    }

    // MARK: Telling

    /// The VM's row is made, changed or removed.
    mutating func tellChange(from old: VirtualMachine?, to new: VirtualMachine?) throws(LedgerError) {
        guard old != new, let vm = old?.id ?? new?.id else { return }
        var changes: Set<FarmChange> = []
        for node in [old?.intent.node, new?.intent.node] {
            if let node { changes.insert(FarmChange(.node(node), vm: vm)) }
        }
        if changes.isEmpty || old?.name != new?.name { changes.insert(FarmChange(.farm, vm: vm)) }
        try tell(changes)
    }

    /// The node's row, or what an operator says of its domains.
    mutating func tellChange(of node: NodeID) throws(LedgerError) { try tell([FarmChange(.node(node))]) }

    /// An OSF or an image, which any VM may use.
    mutating func tellChangeOfFlavours() throws(LedgerError) { try tell([FarmChange(.farm)]) }

    mutating func tellChange(of sessions: Session...) throws(LedgerError) {
        try tell(Set(sessions.map { FarmChange(.router($0.token.router), vm: $0.vm) }))
    }
}

extension Revision {
    /// Whether a store that is at this revision still knows all changes after the earlier one.
    func hasAll(after earlier: Revision) -> Bool {
        era == earlier.era && earlier.number <= number && number - earlier.number <= changesHeld
    }
}

extension FarmTopic {
    fileprivate var isOfSessions: Bool { if case .router = self { true } else { false } }
}
