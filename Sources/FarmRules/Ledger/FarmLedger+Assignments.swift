package import FarmModel

extension FarmLedger: AssignmentRows {
    package func vms(assignedTo node: NodeID) -> [VirtualMachine] { vmTable.vms(assignedTo: node) }

    package func nodeLoads() -> [NodeLoad] {
        nodeRows.all.map { node in
            let load = vmTable.loads[node.id] ?? .none
            return NodeLoad(node: node, vms: load.vms, reserved: load.reserved)
        }
    }

    package func assignmentRows(of node: NodeID) -> [AssignmentRow] {
        vmTable.vms(assignedTo: node).compactMap(assignmentRow)
    }

    package func assignmentRows(of vms: [VMID], notOn node: NodeID?) -> [AssignmentRow] {
        Set(vms).sorted().compactMap { id in
            vmTable[id].flatMap { node != nil && $0.intent.node == node ? nil : assignmentRow($0) }
        }
    }

    private func assignmentRow(_ vm: VirtualMachine) -> AssignmentRow? {
        userRows[vm.user].map { AssignmentRow(vm: vm, login: $0.login, secret: secrets[vm.id]) }
    }

    package mutating func put(_ intent: Intent, of vm: VMID) {
        guard var row = vmTable[vm] else { return }
        countWrite()
        row.intent = intent
        vmTable.put(row)
    }

    package mutating func put(_ observation: Observation, of vm: VMID) {
        guard var row = vmTable[vm] else { return }
        countWrite()
        row.observation = observation
        vmTable.put(row)
    }

    package func secret(of vm: VMID) -> AgentSecret? { secrets[vm] }

    package mutating func put(secret: AgentSecret?, of vm: VMID) {
        countWrite()
        secrets[vm] = secret
    }
}
