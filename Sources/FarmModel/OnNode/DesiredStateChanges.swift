/// What changed of a node's desired state between two moments.
package struct DesiredStateChanges: Sendable, Hashable {
    /// The node's own row.
    package var node: Node
    /// The VMs whose rows changed and that are or were assigned to the node, or were asked about.
    package var vms: Set<VMID>
    /// Those of them that have a row, as it is now, sorted by VM.
    package var rows: [Assignment]
    /// As in `DesiredState`.
    package var abandoned: [VMID]
    /// As in `DesiredState`.
    package var diskDeletions: [UserDiskID]
    /// Whether VMs were made, deleted or renamed: then the farm's reservations are others.
    package var areReservationsOthers: Bool
    /// The later moment.
    package var revision: Revision

    package init(
        node: Node, vms: Set<VMID>, rows: [Assignment], abandoned: [VMID], diskDeletions: [UserDiskID] = [],
        areReservationsOthers: Bool, revision: Revision
    ) {
        self.node = node
        self.vms = vms
        self.rows = rows
        self.abandoned = abandoned
        self.diskDeletions = diskDeletions
        self.areReservationsOthers = areReservationsOthers
        self.revision = revision
    }
}

extension DesiredState {
    /// Whether it says of each of these VMs where it is, or that it has no row. Only then can a reading about them be
    /// had from the changes.
    package func knows(_ vms: [VMID]) -> Bool {
        let known = asked.union(assignments.map(\.vm.id))
        return vms.allSatisfy(known.contains)
    }

    /// What a reading about these VMs, which `self` knows, gives at the later moment.
    ///
    /// - Parameter changes: since `revision`, asked about the same VMs.
    package func applying(_ changes: DesiredStateChanges, about vms: [VMID]) -> DesiredState {
        let asked = Set(vms)
        let isHere = { (row: Assignment) in row.vm.intent.node == changes.node.id }
        let unchanged = (assignments + elsewhere).filter { !changes.vms.contains($0.vm.id) }
        let rows = (unchanged + changes.rows).sorted { $0.vm.id < $1.vm.id }
        return DesiredState(
            node: changes.node, assignments: rows.filter(isHere),
            elsewhere: rows.filter { !isHere($0) && asked.contains($0.vm.id) }, asked: asked,
            abandoned: changes.abandoned, diskDeletions: changes.diskDeletions, revision: changes.revision)
    }
}
