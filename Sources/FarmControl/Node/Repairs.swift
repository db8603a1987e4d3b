import FarmModel

/// What is being put right on the node: leftovers that are removed, and rules that are put back.
struct Repairs: Sendable, Hashable {
    /// Their VMs are not started until they are gone.
    private var collecting: Set<Leftover> = []
    private var repairing: Set<VMID> = []

    func isCollecting(_ vm: VMID) -> Bool { collecting.contains { $0.vm == vm } }

    mutating func collect(_ leftovers: [Leftover], _ changes: inout NodeChanges) {
        for leftover in leftovers where collecting.insert(leftover).inserted { changes.add(.collect(leftover)) }
    }

    mutating func collected(_ leftover: Leftover) { collecting.remove(leftover) }

    mutating func putBackRules(_ plans: [StartPlan], _ changes: inout NodeChanges) {
        for plan in plans where repairing.insert(plan.vm.id).inserted { changes.add(.repairFilter(plan)) }
    }

    mutating func repaired(_ vm: VMID) { repairing.remove(vm) }
}
