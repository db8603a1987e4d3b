package import FarmModel
package import FarmRules

extension SQLRecords {
    func tenants(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [Tenant] {
        try all("tenants", "SELECT id, name, is_blocked FROM tenants \(condition)", values) { columns in
            Tenant(id: columns.id(), name: columns.text(), isBlocked: columns.flag())
        }
    }

    package func tenant(_ id: TenantID) throws(LedgerError) -> Tenant? {
        try tenants("WHERE id = $1", [SQLValue(id)]).first
    }

    package func tenant(named name: String) throws(LedgerError) -> Tenant? {
        try tenants("WHERE name = $1", [SQLValue(name)]).first
    }

    package func tenants() throws(LedgerError) -> [Tenant] { try tenants("ORDER BY id", []) }

    package func put(_ tenant: Tenant) throws(LedgerError) {
        try run(
            """
            INSERT INTO tenants (id, name, is_blocked) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, is_blocked = excluded.is_blocked
            """, [SQLValue(tenant.id), SQLValue(tenant.name), SQLValue(tenant.isBlocked)])
    }

    package func remove(_ tenant: TenantID) throws(LedgerError) {
        try run("DELETE FROM tenants WHERE id = $1", [SQLValue(tenant)])
    }
}
