package import FarmModel

/// How many VMs a node that accepts VMs has.
package struct NodeLoad: Sendable, Hashable {
    package var node: NodeID
    package var assignedVMs: Int

    package init(node: NodeID, assignedVMs: Int) {
        self.node = node
        self.assignedVMs = assignedVMs
    }

    /// The node with the fewest VMs, of those the one with the lowest id; nil when there is none.
    package static func leastLoaded(_ loads: [NodeLoad]) -> NodeID? {
        loads.min { ($0.assignedVMs, $0.node) < ($1.assignedVMs, $1.node) }?.node
    }
}
