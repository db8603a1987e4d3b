package import FarmModel

extension FarmLedger: AssignmentRows {
    package func vms(assignedTo node: NodeID) -> [VirtualMachine] {
        vmRows.all.filter { $0.intent.node == node }
    }

    package mutating func put(_ intent: Intent, of vm: VMID) {
        guard var row = vmRows[vm] else { return }
        noteChange()
        row.intent = intent
        vmRows.put(row, at: vm)
    }

    package mutating func put(_ observation: Observation, of vm: VMID) {
        guard var row = vmRows[vm] else { return }
        noteChange()
        row.observation = observation
        vmRows.put(row, at: vm)
    }

    package func secret(of vm: VMID) -> AgentSecret? { secrets[vm] }

    package mutating func keep(secret: AgentSecret?, of vm: VMID) {
        noteChange()
        secrets[vm] = secret
    }
}
