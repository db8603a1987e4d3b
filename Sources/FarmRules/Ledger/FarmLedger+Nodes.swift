package import FarmModel

extension FarmLedger: NodeRows {
    package func node(_ id: NodeID) -> Node? { nodeRows[id] }
    package func nodes() -> [Node] { nodeRows.all }

    package mutating func put(_ node: Node) {
        noteChange()
        nodeRows.put(node, at: node.id)
    }

    package mutating func remove(_ node: NodeID) {
        noteChange()
        nodeRows.remove(node)
    }

    package func abandonedDomains(on node: NodeID) -> [VMID] { (abandoned[node] ?? []).sorted() }

    package mutating func abandon(_ vm: VMID, on node: NodeID) {
        noteChange()
        abandoned[node, default: []].insert(vm)
    }

    package mutating func forgetAbandonedDomain(of vm: VMID, on node: NodeID) {
        if abandoned[node]?.remove(vm) != nil { noteChange() }
    }

    package mutating func forgetAbandonedDomains(on node: NodeID) {
        if abandoned.removeValue(forKey: node) != nil { noteChange() }
    }
}
