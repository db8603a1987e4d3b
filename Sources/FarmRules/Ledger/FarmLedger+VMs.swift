package import FarmModel

extension FarmLedger: VMRows {
    package func vm(_ id: VMID) -> VirtualMachine? { vmTable[id] }
    package func vms() -> [VirtualMachine] { vmTable.all }
    package func vms(of user: UserID) -> [VirtualMachine] { vmTable.vms(of: user) }
    package func vms(of osf: OSFID) -> [VirtualMachine] { vmTable.all.filter { $0.osf == osf } }
    package func addressesTaken() -> Set<IPv4Address> { vmTable.addresses }

    package mutating func put(_ vm: VirtualMachine) {
        countWrite()
        var row = vm
        if let old = vmTable[vm.id] {
            row.intent = old.intent
            row.observation = old.observation
        }
        vmTable.put(row)
    }

    package mutating func remove(_ vm: VMID) {
        countWrite()
        vmTable.remove(vm)
        secrets[vm] = nil
        sessionRows.remove(vm)
    }
}
