import FarmControl
import FarmModel

// Where a VM that is to start goes: decided by `Placement`, in the transaction that assigns the VM.
extension FarmRecords {
    /// The node for a VM that is to run and needs so much: where it still is, on the one that was asked for, or where
    /// the farm's policy places it.
    func place(_ vm: VirtualMachine, _ need: Resources, on wanted: NodeID?) throws(LedgerError) -> NodeID {
        let loads = try nodeLoads()
        // A VM that is still stopping stays where it is: its disks are open there.
        if let id = vm.intent.node ?? wanted {
            guard let load = loads.first(where: { $0.node.id == id })?.without(vm) else { return try existing(id).id }
            guard let reason = NodeObstacle.Reason(of: load, for: need) else { return id }
            throw refusal(of: vm, NodeObstacle(node: load.node, reason: reason))
        }
        let policy = try configuration(PlacementPolicy.configurationKey).flatMap(PlacementPolicy.init) ?? .spread
        let placement = Placement(of: need, among: loads, by: policy)
        guard let node = placement.node else {
            throw .refuse(.noNode, "no node can take VM \(vm.id) (\(vm.name)): \(placement.whyNowhere)")
        }
        return node
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

extension NodeLoad {
    /// What all but this VM take of the node.
    fileprivate func without(_ vm: VirtualMachine) -> NodeLoad {
        guard vm.intent.node == node.id else { return self }
        return NodeLoad(node: node, vms: vms - 1, reserved: reserved - vm.intent.reserved)
    }
}
