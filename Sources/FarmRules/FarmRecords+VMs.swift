import FarmModel

extension FarmRecords {
    func existing(_ id: VMID) throws(LedgerError) -> VirtualMachine {
        guard let vm = try vm(id) else {
            throw .refuse(.notFound, .vm(id), "there is no VM \(id)", .list(.vm))
        }
        return vm
    }

    mutating func addVM(
        name: String, user: UserID, osf: OSFID, tag: String, address: IPv4Address?, storage: StorageID
    ) throws(LedgerError) -> VMID {
        let user = try existing(user)
        let osf = try existing(osf)
        guard user.tenant == osf.tenant else {
            let tenant = try existing(osf.tenant)
            throw .refuse(
                .invalid, .osf(osf.id),
                "OSF `\(osf.name)` belongs to tenant `\(tenant.name)`, user `\(try title(of: user))` does not;"
                    + " choose an OSF of the user's tenant")
        }
        try checkVMName(name, of: user, except: nil)
        try checkTag(tag, of: osf)
        try checkNumbersLeft(.vm, what: "VM")
        let address = try freeAddress(address)
        let id = VMID(try nextNumber(of: .vm))
        let vm = VirtualMachine(
            id: id, name: name, user: user.id, osf: osf.id, tag: tag, address: address, storage: storage)
        try put(vm)
        try tellChange(from: nil, to: vm)
        return id
    }

    /// The one asked for, or the highest free one.
    private func freeAddress(_ wanted: IPv4Address?) throws(LedgerError) -> IPv4Address {
        let addressPlan = try identity().addressPlan
        let taken = try addressesTaken()
        guard let wanted else {
            do {
                return try addressPlan.highestFreeAddress(taken: taken)
            } catch {
                throw .refuse(.rangeIsFull, .noun(.vm), error.description)
            }
        }
        guard addressPlan.isVirtualMachineAddress(wanted) else {
            throw .refuse(
                .invalid, .noun(.vm),
                "the VM address \(wanted) is outside the range \(addressPlan.rangeStart) to \(addressPlan.rangeEnd);"
                    + " choose one inside, or leave it out to get the highest free one")
        }
        guard wanted != addressPlan.gateway else {
            throw .refuse(.invalid, .noun(.vm), "\(wanted) is the gateway of the VM network; choose another address")
        }
        guard !taken.contains(wanted) else {
            let owner = try vms().first { $0.address == wanted }
            throw .refuse(
                .alreadyExists, owner.map { .object(.vm($0.id)) } ?? .noun(.vm),
                "the address \(wanted) belongs to \(owner.map { listed([$0]) } ?? "another VM");"
                    + " choose another, or leave it out to get the highest free one")
        }
        return wanted
    }

    private func checkVMName(_ name: String, of user: User, except id: VMID?) throws(LedgerError) {
        try NameRules.vm(name)
        if let other = try vms(of: user.id).first(where: { $0.name == name && $0.id != id }) {
            throw .refuse(
                .alreadyExists, .vm(other.id),
                "user `\(try title(of: user))` already has a VM `\(name)` (number \(other.id)); choose another name")
        }
    }

    /// `head` and `default` come into being with the first image, so a VM may be made before it.
    private func checkTag(_ tag: String, of osf: OSFlavour) throws(LedgerError) {
        try NameRules.tag(tag)
        guard tag != ImageTag.head, tag != ImageTag.standard else { return }
        let tags = Set(try images(of: osf.id).flatMap(\.tags))
        guard tags.contains(tag) else {
            let known = tags.isEmpty ? "it has no images yet" : "it has \(tags.sorted().joined(separator: ", "))"
            throw .refuse(.notFound, .osf(osf.id), "OSF `\(osf.name)` has no tag `\(tag)`: \(known)")
        }
    }

    mutating func setVM(_ id: VMID, name: String?, tag: String?, isBlocked: Bool?) throws(LedgerError) {
        var vm = try existing(id)
        let before = vm
        if let name {
            try checkVMName(name, of: try existing(vm.user), except: id)
            vm.name = name
        }
        if let tag {
            try checkTag(tag, of: try existing(vm.osf))
            vm.tag = tag
        }
        vm.isBlocked = isBlocked ?? vm.isBlocked
        try put(vm)
        try tellChange(from: before, to: vm)
    }

    /// Its row only; its user disk is another matter.
    mutating func deleteVM(_ id: VMID) throws(LedgerError) {
        let vm = try existing(id)
        let isStopped = vm.observation.state == .stopped && vm.intent.wanted == .stop && vm.intent.node == nil
        guard isStopped else {
            let state = vm.observation.state == .stopped ? "about to start" : vm.observation.state.rawValue
            throw .refuse(.notStopped, .vm(id), "VM \(id) (\(vm.name)) is \(state)", .stop([id]))
        }
        try removeProperties(of: .vm(id))
        try remove(id)
        try tellChange(from: vm, to: nil)
    }
}
