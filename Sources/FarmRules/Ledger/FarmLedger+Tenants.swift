package import FarmModel

extension FarmLedger: TenantRows {
    package func tenant(_ id: TenantID) -> Tenant? { tenantRows[id] }
    package func tenant(named name: String) -> Tenant? {
        tenantRows.all.first { $0.name.utf8.elementsEqual(name.utf8) }
    }
    package func tenants() -> [Tenant] { tenantRows.all }

    package mutating func put(_ tenant: Tenant) {
        countWrite()
        tenantRows.put(tenant, at: tenant.id)
    }

    package mutating func remove(_ tenant: TenantID) {
        countWrite()
        tenantRows.remove(tenant)
        userNumbers[tenant] = nil
    }
}
