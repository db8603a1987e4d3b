import FarmRules
import FarmModel
import FarmPorts

// Tenants and users.
extension SQLRecords {
    private static let tenantColumns = "id, name, is_blocked"

    private func tenants(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [Tenant] {
        try all("tenants", "SELECT \(Self.tenantColumns) FROM tenants \(condition)", values) { columns in
            Tenant(id: columns.id(), name: columns.text(), isBlocked: columns.flag())
        }
    }

    func tenant(_ id: TenantID) throws(LedgerError) -> Tenant? {
        try tenants("WHERE id = $1", [SQLValue(id)]).first
    }

    func tenant(named name: String) throws(LedgerError) -> Tenant? {
        try tenants("WHERE name = $1", [SQLValue(name)]).first
    }

    func tenants() throws(LedgerError) -> [Tenant] { try tenants("ORDER BY id", []) }

    func put(_ tenant: Tenant) throws(LedgerError) {
        try run(
            """
            INSERT INTO tenants (id, name, is_blocked) VALUES ($1, $2, $3)
            ON CONFLICT (id) DO UPDATE SET name = excluded.name, is_blocked = excluded.is_blocked
            """, [SQLValue(tenant.id), SQLValue(tenant.name), SQLValue(tenant.isBlocked)])
    }

    func remove(_ tenant: TenantID) throws(LedgerError) {
        try run("DELETE FROM tenants WHERE id = $1", [SQLValue(tenant)])
    }

    private func users(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [User] {
        try all("users", "SELECT id, tenant, login, is_blocked FROM users \(condition)", values) { columns in
            User(id: columns.id(), tenant: columns.id(), login: columns.text(), isBlocked: columns.flag())
        }
    }

    func user(_ id: UserID) throws(LedgerError) -> User? { try users("WHERE id = $1", [SQLValue(id)]).first }

    func user(login: String, in tenant: TenantID) throws(LedgerError) -> User? {
        try users("WHERE tenant = $1 AND login = $2", [SQLValue(tenant), SQLValue(login)]).first
    }

    func users() throws(LedgerError) -> [User] { try users("ORDER BY id", []) }

    func put(_ user: User) throws(LedgerError) {
        try run(
            """
            INSERT INTO users (id, tenant, login, is_blocked) VALUES ($1, $2, $3, $4)
            ON CONFLICT (id) DO UPDATE
            SET tenant = excluded.tenant, login = excluded.login, is_blocked = excluded.is_blocked
            """, [SQLValue(user.id), SQLValue(user.tenant), SQLValue(user.login), SQLValue(user.isBlocked)])
    }

    func remove(_ user: UserID) throws(LedgerError) {
        try run("DELETE FROM users WHERE id = $1", [SQLValue(user)])
    }

    func passwordHash(of user: UserID) throws(LedgerError) -> String? {
        try one("user_passwords", "SELECT hash FROM user_passwords WHERE user_id = $1", [SQLValue(user)]) {
            columns in columns.text()
        }
    }

    func keep(passwordHash: String, of user: UserID) throws(LedgerError) {
        try run(
            """
            INSERT INTO user_passwords (user_id, hash) VALUES ($1, $2)
            ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash
            """, [SQLValue(user), SQLValue(passwordHash)])
    }
}
