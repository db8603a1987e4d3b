/// A node with what is taken of it.
package struct NodeLoad: Sendable, Hashable {
    package var node: Node
    /// How many VMs are assigned to it.
    package var vms: Int
    /// What these take.
    package var reserved: Resources

    package init(node: Node, vms: Int, reserved: Resources) {
        self.node = node
        self.vms = vms
        self.reserved = reserved
    }

    /// Of every node of a farm, as a snapshot shows it.
    package static func all(of farm: FarmSnapshot) -> [NodeLoad] {
        var loads: [NodeID: (vms: Int, reserved: Resources)] = [:]
        for vm in farm.vms {
            guard let node = vm.intent.node else { continue }
            let load = loads[node, default: (0, .none)]
            loads[node] = (load.vms + 1, load.reserved + vm.intent.reserved)
        }
        return farm.nodes.map {
            NodeLoad(node: $0, vms: loads[$0.id]?.vms ?? 0, reserved: loads[$0.id]?.reserved ?? .none)
        }
    }
}
