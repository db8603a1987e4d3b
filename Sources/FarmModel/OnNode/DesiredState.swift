/// What the store wants of one node, read at one moment.
package struct DesiredState: Sendable, Hashable {
    /// The node's own row.
    package var node: Node
    /// Every VM assigned to the node, sorted by VM.
    package var assignments: [Assignment]
    /// The rows of those VMs that were asked about and are not assigned to the node, sorted by VM.
    package var elsewhere: [Assignment]
    /// The VMs that were asked about. One that is in neither list has no row.
    package var asked: Set<VMID>
    /// Domains without a row that an operator gave up (`abandonDomain`), sorted.
    package var abandoned: [VMID]
    /// The user disks of the farm that somebody wants deleted, on whatever storage, sorted.
    package var diskDeletions: [UserDiskID]
    /// The moment of the reading.
    package var revision: Revision

    package init(
        node: Node, assignments: [Assignment], elsewhere: [Assignment] = [], asked: Set<VMID> = [],
        abandoned: [VMID] = [], diskDeletions: [UserDiskID] = [], revision: Revision = Revision(0)
    ) {
        self.node = node
        self.assignments = assignments
        self.elsewhere = elsewhere
        self.asked = asked
        self.abandoned = abandoned
        self.diskDeletions = diskDeletions
        self.revision = revision
    }
}
