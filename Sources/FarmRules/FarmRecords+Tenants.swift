import FarmModel

extension FarmRecords {
    func existing(_ id: TenantID) throws(LedgerError) -> Tenant {
        guard let tenant = try tenant(id) else {
            throw .refuse(.notFound, .tenant(id), "there is no tenant \(id)", .list(.tenant))
        }
        return tenant
    }

    mutating func addTenant(name: String) throws(LedgerError) -> TenantID {
        let name = try NameRules.tenant(name)
        if let other = try tenant(named: name) {
            throw .refuse(
                .alreadyExists, .tenant(other.id),
                "there is a tenant `\(name)` already (number \(other.id)); choose another name")
        }
        let id = TenantID(try nextNumber(of: .tenant))
        try put(Tenant(id: id, name: name))
        return id
    }

    mutating func setTenant(_ id: TenantID, isBlocked: Bool) throws(LedgerError) {
        var tenant = try existing(id)
        tenant.isBlocked = isBlocked
        try put(tenant)
    }

    mutating func deleteTenant(_ id: TenantID) throws(LedgerError) {
        let tenant = try existing(id)
        guard id != Tenant.standard.id else {
            throw .refuse(
                .inUse, .tenant(id),
                "the tenant `default` always exists; delete its users and OSFs one by one instead")
        }
        let users = try users().count { $0.tenant == id }
        let osfs = try osfs().count { $0.tenant == id }
        guard users == 0, osfs == 0 else {
            throw .refuse(
                .inUse, .tenant(id),
                "tenant `\(tenant.name)` still has \(users) users and \(osfs) OSFs; delete these first")
        }
        try remove(id)
    }
}
