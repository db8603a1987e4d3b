package import FarmModel

/// Chooses the node for a VM that is to start: the running, unblocked node with the fewest VMs assigned to it, the
/// lowest number among equals. Nil when no node can take it.
package func leastLoadedNode(in snapshot: FarmSnapshot) -> NodeID? {
    var assigned: [NodeID: Int] = [:]
    for vm in snapshot.vms {
        if let node = vm.intent.node { assigned[node, default: 0] += 1 }
    }
    let candidates = snapshot.nodes.filter { $0.state == .running && !$0.isBlocked }
    return leastLoaded(candidates.map { (node: $0.id, assignedVMs: assigned[$0.id] ?? 0) })
}

/// The same choice among nodes that are known to be running and unblocked.
package func leastLoaded(_ candidates: [(node: NodeID, assignedVMs: Int)]) -> NodeID? {
    candidates.min { ($0.assignedVMs, $0.node) < ($1.assignedVMs, $1.node) }?.node
}
