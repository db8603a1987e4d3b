/// An organisation on the farm; owns users and OSFs. The tenant `default` always exists.
package struct Tenant: Sendable, Hashable, Codable {
    package let id: TenantID
    package var name: String
    package var isBlocked: Bool

    package init(id: TenantID, name: String, isBlocked: Bool = false) {
        self.id = id
        self.name = name
        self.isBlocked = isBlocked
    }
}

/// Somebody who logs in and owns desktops. The password hash stays in the store.
package struct User: Sendable, Hashable, Codable {
    package let id: UserID
    package let tenant: TenantID
    package var login: String
    package var isBlocked: Bool

    package init(id: UserID, tenant: TenantID, login: String, isBlocked: Bool = false) {
        self.id = id
        self.tenant = tenant
        self.login = login
        self.isBlocked = isBlocked
    }
}

/// What a user typed as login: `name`, `name@tenant` or `name#tenant`; without a tenant it is `default`.
/// Trimmed and lower-cased (the original's rule unless configured otherwise).
package struct LoginName: Sendable, Hashable, CustomStringConvertible {
    package let login: String
    package let tenant: String

    /// Nil when the login or the tenant is empty.
    package init?(_ text: String) {
        let trimmed = text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed()
        let lowered = String(trimmed).lowercased()
        let split = lowered.firstIndex { $0 == "@" || $0 == "#" }
        let login = split.map { String(lowered[..<$0]) } ?? lowered
        let tenant = split.map { String(lowered[lowered.index(after: $0)...]) } ?? "default"
        guard !login.isEmpty, !tenant.isEmpty else { return nil }
        self.login = login
        self.tenant = tenant
    }

    package var description: String { "\(login)@\(tenant)" }
}
