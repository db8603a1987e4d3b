import FarmModel

/// The VMs of which there is something on a node, kept until that may be others.
struct Stock: Sendable, Hashable {
    private var vms: [VMID]?
    /// How many VMs had a machine.
    private var machines = 0

    /// As far as is known, sorted.
    mutating func take(_ nodeVMs: NodeVMs, _ inventory: Inventory) -> [VMID] {
        if let vms, nodeVMs.machines.count == machines { return vms }
        let found = Set(nodeVMs.machines.keys).union(inventory.domains.keys).union(inventory.overlays).sorted()
        vms = found
        machines = nodeVMs.machines.count
        return found
    }

    /// It may be others by now.
    mutating func forget() { vms = nil }
}
