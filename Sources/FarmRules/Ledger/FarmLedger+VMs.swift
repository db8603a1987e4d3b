package import FarmModel

extension FarmLedger: VMRows {
    package func vm(_ id: VMID) -> VirtualMachine? { vmRows[id] }
    package func vms() -> [VirtualMachine] { vmRows.all }
    package func vms(of user: UserID) -> [VirtualMachine] { vmRows.all.filter { $0.user == user } }
    package func vms(of osf: OSFID) -> [VirtualMachine] { vmRows.all.filter { $0.osf == osf } }

    package func vms(_ ids: [VMID]) -> [VirtualMachine] { Set(ids).sorted().compactMap { vmRows[$0] } }

    package func addressesTaken() -> Set<IPv4Address> { addresses }

    package mutating func put(_ vm: VirtualMachine) {
        noteChange()
        addresses.insert(vm.address)
        var row = vm
        if let old = vmRows[vm.id] {
            row.intent = old.intent
            row.observation = old.observation
        }
        vmRows.put(row, at: vm.id)
    }

    package mutating func remove(_ vm: VMID) {
        noteChange()
        if let old = vmRows[vm] { addresses.remove(old.address) }
        vmRows.remove(vm)
        secrets[vm] = nil
        sessionRows.remove(vm)
    }
}
