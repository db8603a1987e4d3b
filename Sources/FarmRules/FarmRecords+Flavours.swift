import FarmModel

extension FarmRecords {
    func existing(_ id: OSFID) throws(LedgerError) -> OSFlavour {
        guard let osf = try osf(id) else {
            throw .refuse(.notFound, .osf(id), "there is no OSF \(id)", .list(.osf))
        }
        return osf
    }

    mutating func addOSF(
        tenant: TenantID, name: String, memory: Mebibytes, cpus: Int, userDiskSize: Mebibytes, keepsOverlay: Bool
    ) throws(LedgerError) -> OSFID {
        let tenant = try existing(tenant)
        try checkOSFName(name, in: tenant, except: nil)
        try checkSizes(memory: memory, cpus: cpus, userDiskSize: userDiskSize)
        let id = OSFID(try nextNumber(of: .osf))
        try put(
            OSFlavour(
                id: id, tenant: tenant.id, name: name, memory: memory, cpus: cpus == 0 ? nil : cpus,
                userDiskSize: userDiskSize, keepsOverlay: keepsOverlay))
        return id
    }

    mutating func setOSF(
        _ id: OSFID, name: String?, memory: Mebibytes?, cpus: Int?, userDiskSize: Mebibytes?, keepsOverlay: Bool?
    ) throws(LedgerError) {
        var osf = try existing(id)
        if let name {
            try checkOSFName(name, in: try existing(osf.tenant), except: id)
            osf.name = name
        }
        osf.memory = memory ?? osf.memory
        if let cpus { osf.cpus = cpus == 0 ? nil : cpus }
        osf.userDiskSize = userDiskSize ?? osf.userDiskSize
        osf.keepsOverlay = keepsOverlay ?? osf.keepsOverlay
        try checkSizes(memory: osf.memory, cpus: cpus ?? 0, userDiskSize: osf.userDiskSize)
        try put(osf)
        try tellChangeOfFlavours()
    }

    mutating func deleteOSF(_ id: OSFID) throws(LedgerError) {
        let osf = try existing(id)
        let vms = try vms(of: id)
        guard vms.isEmpty else {
            throw .refuse(
                .inUse, .osf(id), "OSF `\(osf.name)` is used by \(listed(vms))",
                .delete(vms.prefix(100).map { .vm($0.id) }))
        }
        let images = try images(of: id)
        guard images.isEmpty else {
            throw .refuse(
                .inUse, .osf(id), "OSF `\(osf.name)` still has \(images.count) images",
                .delete(images.prefix(100).map { .image($0.id) }))
        }
        try removeProperties(of: .osf(id))
        try remove(id)
    }

    private func checkOSFName(_ name: String, in tenant: Tenant, except id: OSFID?) throws(LedgerError) {
        try NameRules.osf(name)
        if let other = try osfs().first(where: { $0.tenant == tenant.id && $0.name == name && $0.id != id }) {
            throw .refuse(
                .alreadyExists, .osf(other.id),
                "tenant `\(tenant.name)` already has an OSF `\(name)` (number \(other.id)); choose another name")
        }
    }

    /// 64 MiB is what the smallest kernel and initial ramdisk need; 4 TiB and 64 TiB are past any real machine, so a
    /// larger number is a slip of the unit.
    ///
    /// 255 CPUs are the most that a domain of qemu's usual machine can have.
    private func checkSizes(memory: Mebibytes, cpus: Int, userDiskSize: Mebibytes) throws(LedgerError) {
        guard (0...255).contains(cpus) else {
            throw .refuse(
                .invalid, .noun(.osf),
                "a VM cannot have \(cpus) CPUs; from 1 to 255 are possible, or 0 for the node's own")
        }
        guard (64...4 << 20).contains(memory.count) else {
            throw .refuse(.invalid, .noun(.osf), "memory is \(memory); it must be from 64 MiB to 4 TiB")
        }
        guard (0...64 << 20).contains(userDiskSize.count) else {
            throw .refuse(
                .invalid, .noun(.osf), "the user disk's size is \(userDiskSize); it must be from 0 (none) to 64 TiB")
        }
    }
}
