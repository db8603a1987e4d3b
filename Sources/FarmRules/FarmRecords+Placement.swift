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
            let message = "no node can take VM \(vm.id) (\(vm.name)): \(placement.reasons)"
            throw .refused(AdministrationRefusal(.noNode, .object(.vm(vm.id)), message, placement.remedies))
        }
        return node
    }

    func checkPlacementPolicy(_ value: String) throws(LedgerError) {
        guard PlacementPolicy(rawValue: value) == nil else { return }
        let known = PlacementPolicy.allCases.map { "`\($0.rawValue)`" }.joined(separator: " or ")
        throw .refuse(
            .invalid, .configuration(key: PlacementPolicy.configurationKey),
            "`\(PlacementPolicy.configurationKey)` cannot be \(quoted(value)); it must be \(known)")
    }

    private func refusal(of vm: VirtualMachine, _ obstacle: NodeObstacle) -> LedgerError {
        let node = obstacle.node
        let remedy = obstacle.reason.remedy(of: node)
        return switch obstacle.reason {
        case .blocked:
            .refuse(.blocked, .node(node.id), "node `\(node.name)` is blocked; choose another", remedy)
        case .draining:
            .refuse(.noNode, .node(node.id), "node `\(node.name)` is draining; choose another", remedy)
        case .notRunning(let state):
            .refuse(.noNode, .node(node.id), "node `\(node.name)` is \(state.rawValue), not running", remedy)
        case .tooLittleMemory, .tooFewCPUs:
            .refuse(
                .noNode, .node(node.id),
                "node `\(node.name)` cannot take VM \(vm.id) (\(vm.name)): it \(obstacle.reason.words); choose another",
                remedy)
        }
    }

    /// The limits of a node's capacity: past any real machine, so that a larger number is a slip of the unit.
    func checkCapacity(memory: Mebibytes, cpus: Int) throws(LedgerError) {
        guard (0...1 << 32).contains(memory.count) else {
            throw .refuse(
                .invalid, .noun(.node), "the memory for VMs is \(memory); it must be from 0 (no limit) to 4 PiB")
        }
        guard (0...1_000_000).contains(cpus) else {
            throw .refuse(
                .invalid, .noun(.node), "the CPUs for VMs are \(cpus); they must be from 0 (no limit) to 1000000")
        }
    }
}

extension NodeLoad {
    /// What all but this VM take of the node: it is assigned there, or nowhere and then takes nothing.
    fileprivate func without(_ vm: VirtualMachine) -> NodeLoad {
        let isHere = vm.intent.node == node.id
        return NodeLoad(node: node, vms: isHere ? vms - 1 : vms, reserved: reserved - vm.intent.reserved)
    }
}
