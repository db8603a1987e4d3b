package import FarmModel
package import FarmRules

// Users and their password hashes.
extension SQLRecords {
    func users(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [User] {
        try all("users", "SELECT id, tenant, login, is_blocked FROM users \(condition)", values) { columns in
            User(id: columns.id(), tenant: columns.id(), login: columns.text(), isBlocked: columns.flag())
        }
    }

    package func user(_ id: UserID) throws(LedgerError) -> User? { try users("WHERE id = $1", [SQLValue(id)]).first }

    package func user(login: String, in tenant: TenantID) throws(LedgerError) -> User? {
        try users("WHERE tenant = $1 AND login = $2", [SQLValue(tenant), SQLValue(login)]).first
    }

    package func users() throws(LedgerError) -> [User] { try users("ORDER BY id", []) }

    package func put(_ user: User) throws(LedgerError) {
        try run(
            """
            INSERT INTO users (id, tenant, login, is_blocked) VALUES ($1, $2, $3, $4)
            ON CONFLICT (id) DO UPDATE
            SET tenant = excluded.tenant, login = excluded.login, is_blocked = excluded.is_blocked
            """, [SQLValue(user.id), SQLValue(user.tenant), SQLValue(user.login), SQLValue(user.isBlocked)])
    }

    package func remove(_ user: UserID) throws(LedgerError) {
        try run("DELETE FROM users WHERE id = $1", [SQLValue(user)])
    }

    package func passwordHash(of user: UserID) throws(LedgerError) -> String? {
        try one("user_passwords", "SELECT hash FROM user_passwords WHERE user_id = $1", [SQLValue(user)]) {
            columns in columns.text()
        }
    }

    package func put(passwordHash: String, of user: UserID) throws(LedgerError) {
        try run(
            """
            INSERT INTO user_passwords (user_id, hash) VALUES ($1, $2)
            ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash
            """, [SQLValue(user), SQLValue(passwordHash)])
    }
}
