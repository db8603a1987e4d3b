package import FarmModel

/// What must hold before a node serves; the same checks stop the daemon and fill `qvd-node check`.
package enum NodeChecks {
    /// - Throws: `NodeCheckFailure` with what to do: the bridge is down, or does not have the node's address,
    /// or the   address is not below the VM range.
    package static func bridge(
        _ bridge: ObservedBridge, node: Node, addressPlan: AddressPlan
    ) throws(NodeCheckFailure) {
        guard bridge.isUp else {
            throw .init("bridge \(bridge.name) is down", remedy: "ip link set \(bridge.name) up")
        }
        guard addressPlan.isNodeAddress(node.address) else {
            throw .init(
                "node \(node.name) has the address \(node.address), which is not between the start of"
                    + " \(addressPlan.network)/\(addressPlan.prefixLength) and the first VM address"
                    + " \(addressPlan.rangeStart)",
                remedy: "give the node another address: qvd node delete and qvd node add")
        }
        guard bridge.addresses.contains(node.address) else {
            let has = bridge.addresses.map(\.description).joined(separator: ", ")
            throw .init(
                "bridge \(bridge.name) does not have the address \(node.address) of node \(node.name)"
                    + (has.isEmpty ? "; it has none" : "; it has \(has)"),
                remedy: "ip address add \(node.address)/\(addressPlan.prefixLength) dev \(bridge.name)")
        }
    }
}

package struct NodeCheckFailure: Error, Sendable, Hashable, CustomStringConvertible {
    package var problem: String
    package var remedy: String

    package init(_ problem: String, remedy: String) {
        self.problem = problem
        self.remedy = remedy
    }

    package var description: String { "\(problem); do: \(remedy)" }
}
