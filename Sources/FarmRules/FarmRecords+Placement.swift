import FarmControl
import FarmModel

// Where a VM that is to start goes: decided by `Placement`, in the transaction that assigns the VM.
extension FarmRecords {
    /// The node for a VM that is to run: where it still is, on the one that was asked for, or where the farm's policy
    /// places it.
    func place(_ vm: VirtualMachine, on wanted: NodeID?) throws(LedgerError) -> NodeID {
        let need = try existing(vm.osf).need
        // A VM that is still stopping stays where it is: its disks are open there.
        if let id = vm.intent.node ?? wanted {
            let load = try load(of: try existing(id), without: vm)
            guard let reason = NodeObstacle.Reason(of: load, for: need) else { return id }
            throw refusal(of: vm, NodeObstacle(node: load.node, reason: reason))
        }
        let snapshot = PlacementSnapshot(revision: try revision(), nodes: try loads())
        let placement = Placement(of: need, among: snapshot, by: try placementPolicy())
        guard let node = placement.node else {
            throw .refuse(.noNode, "no node can take VM \(vm.id) (\(vm.name)): \(placement.whyNowhere)")
        }
        return node
    }

    private func loads() throws(LedgerError) -> [NodeLoad] {
        let taken = try assignedLoads()
        return try nodes().map { node in
            let load = taken[node.id] ?? AssignedLoad(vms: 0, reserved: .none)
            return NodeLoad(node: node, vms: load.vms, reserved: load.reserved)
        }
    }

    /// What all but this VM take of the node.
    private func load(of node: Node, without vm: VirtualMachine) throws(LedgerError) -> NodeLoad {
        let taken = try assignedLoads()[node.id] ?? AssignedLoad(vms: 0, reserved: .none)
        guard vm.intent.node == node.id else { return NodeLoad(node: node, vms: taken.vms, reserved: taken.reserved) }
        return NodeLoad(node: node, vms: taken.vms - 1, reserved: taken.reserved - vm.intent.reserved)
    }

    private func placementPolicy() throws(LedgerError) -> PlacementPolicy {
        PlacementPolicy(configuration: try configuration())
    }

    func checkPlacementPolicy(_ value: String) throws(LedgerError) {
        guard PlacementPolicy(rawValue: value) == nil else { return }
        let known = PlacementPolicy.allCases.map { "`\($0.rawValue)`" }.joined(separator: " or ")
        throw .refuse(
            .invalid, "`\(PlacementPolicy.configurationKey)` cannot be \(quoted(value)); it must be \(known)")
    }

    private func refusal(of vm: VirtualMachine, _ obstacle: NodeObstacle) -> LedgerError {
        switch obstacle.reason {
        case .blocked:
            .refuse(
                .blocked,
                "node `\(obstacle.node.name)` is blocked; choose another, or `qvd node unblock \(obstacle.node.id)`")
        case .notRunning(let state):
            .refuse(
                .noNode, "node `\(obstacle.node.name)` is \(state.rawValue), not running; start qvd-node there")
        case .tooLittleMemory, .tooFewCPUs:
            .refuse(
                .noNode,
                "node `\(obstacle.node.name)` cannot take VM \(vm.id) (\(vm.name)): it \(obstacle.reason.words);"
                    + " stop VMs there, choose another node, or raise its capacity with `qvd node set`")
        }
    }

    /// The limits of a node's capacity: past any real machine, so that a larger number is a slip of the unit.
    func checkCapacity(memory: Mebibytes, cpus: Int) throws(LedgerError) {
        guard (0...1 << 32).contains(memory.count) else {
            throw .refuse(.invalid, "the memory for VMs is \(memory); it must be from 0 (no limit) to 4 PiB")
        }
        guard (0...1_000_000).contains(cpus) else {
            throw .refuse(.invalid, "the CPUs for VMs are \(cpus); they must be from 0 (no limit) to 1000000")
        }
    }
}
