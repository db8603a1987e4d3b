package import FarmModel

extension FarmLedger: NodeRows {
    package func node(_ id: NodeID) -> Node? { nodeRows[id] }
    package func nodes() -> [Node] { nodeRows.all }

    package mutating func put(_ node: Node) {
        countWrite()
        nodeRows.put(node, at: node.id)
    }

    package mutating func remove(_ node: NodeID) {
        countWrite()
        nodeRows.remove(node)
    }

    package func abandonedDomains(on node: NodeID) -> [VMID] { (abandoned[node] ?? []).sorted() }

    package mutating func abandon(_ vm: VMID, on node: NodeID) {
        countWrite()
        abandoned[node, default: []].insert(vm)
    }

    package mutating func forgetAbandonedDomain(of vm: VMID, on node: NodeID) {
        if abandoned[node]?.remove(vm) != nil { countWrite() }
    }

    package mutating func forgetAbandonedDomains(on node: NodeID) {
        if abandoned.removeValue(forKey: node) != nil { countWrite() }
    }
}
