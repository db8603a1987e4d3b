package import FarmModel

extension FarmLedger: ChangeRows {
    package func revision() -> Revision { Revision(changeLog.newest, era: farmIdentity.era) }

    package mutating func tell(_ changes: Set<FarmChange>) { changeLog.append(changes) }

    package func changes(afterNumber number: Int64) -> Set<FarmChange> { changeLog.changes(after: number) }

    package func changes(afterNumber number: Int64, of node: NodeID, about vms: [VMID]) -> Set<FarmChange> {
        // Few changes about many VMs: no set of the VMs is worth making.
        changeLog.changes(after: number).filter { change in
            change.topic == .farm || change.topic == .node(node) || change.vm.map(vms.contains) == true
        }
    }
}

/// The newest changes, by the numbers under which they were told of.
struct ChangeLog: Sendable {
    private var entries: [(number: Int64, change: FarmChange)] = []
    private(set) var newest: Int64 = 0

    mutating func append(_ changes: Set<FarmChange>) {
        newest += 1
        for change in changes { entries.append((newest, change)) }
        // In blocks, because taking from the front of an array moves all of it.
        guard newest % 10_000 == 0 else { return }
        let oldest = newest - changesHeld
        entries.removeFirst(entries.firstIndex { $0.number > oldest } ?? entries.count)
    }

    func changes(after number: Int64) -> Set<FarmChange> {
        var found: Set<FarmChange> = []
        for entry in entries.reversed() {
            guard entry.number > number else { break }
            found.insert(entry.change)
        }
        return found
    }
}
