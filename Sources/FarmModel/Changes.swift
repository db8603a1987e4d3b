/// A moment of the store. Whoever has read the store at one asks for what changed after it.
package struct Revision: Sendable, Hashable {
    /// Of the database (see `Epoch`): another era may have forgotten changes, so its numbers mean something else.
    package let era: Int64
    /// Grows with every change that `FarmTopic` tells of; 0 before the first.
    package let number: Int64

    package init(_ number: Int64, era: Int64 = 0) {
        self.number = number
        self.era = era
    }
}

/// What a change of the store is about, by who waits for it.
package enum FarmTopic: Sendable, Hashable {
    /// What is wanted of the node and what it said: its own row, and the VMs that are or were assigned to it.
    case node(NodeID)
    /// The sessions of this run of a router.
    case router(String)
    /// Which VMs there are, those that no node has, and what all VMs are made from.
    case farm
}

package struct FarmChange: Sendable, Hashable {
    package let topic: FarmTopic
    /// Whose row or session changed; nil when it is the node's own row, or an OSF or image, which any VM may use.
    package let vm: VMID?

    package init(_ topic: FarmTopic, vm: VMID? = nil) {
        self.topic = topic
        self.vm = vm
    }
}

/// What changed after an earlier moment.
package struct FarmChanges: Sendable, Hashable {
    /// The moment to ask from next time.
    package let revision: Revision
    /// Nil when not all changes are known any more: then everything may have changed.
    package let changes: Set<FarmChange>?

    package init(revision: Revision, changes: Set<FarmChange>?) {
        self.revision = revision
        self.changes = changes
    }

    /// Whether something about this may have changed.
    package func concern(_ topic: FarmTopic) -> Bool { changes?.contains { $0.topic == topic } ?? true }

    /// Whether the VM's row or session may have changed.
    package func concern(_ vm: VMID) -> Bool { changes?.contains { $0.vm == vm } ?? true }
}
