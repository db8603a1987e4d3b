import FarmModel

extension FarmRecords {
    func existing(_ id: UserID) throws(LedgerError) -> User {
        guard let user = try user(id) else {
            throw .refuse(.notFound, .user(id), "there is no user \(id)", .list(.user))
        }
        return user
    }

    /// `login@tenant`.
    func title(of user: User) throws(LedgerError) -> String {
        "\(user.login)@\(try tenant(user.tenant)?.name ?? "?")"
    }

    mutating func addUser(tenant: TenantID, login: String, passwordHash: String) throws(LedgerError) -> UserID {
        let tenant = try existing(tenant)
        let login = try NameRules.login(login)
        try checkHash(passwordHash)
        if let other = try user(login: login, in: tenant.id) {
            throw .refuse(
                .alreadyExists, .user(other.id),
                "there is a user `\(login)@\(tenant.name)` already (number \(other.id)); choose another login")
        }
        let id = UserID(try nextNumber(of: .user))
        try put(User(id: id, tenant: tenant.id, login: login))
        try put(passwordHash: passwordHash, of: id)
        return id
    }

    mutating func setUser(_ id: UserID, passwordHash: String?, isBlocked: Bool?) throws(LedgerError) {
        var user = try existing(id)
        if let passwordHash {
            try checkHash(passwordHash)
            try put(passwordHash: passwordHash, of: id)
        }
        if let isBlocked {
            user.isBlocked = isBlocked
            try put(user)
        }
    }

    mutating func deleteUser(_ id: UserID) throws(LedgerError) {
        let user = try existing(id)
        let vms = try vms(of: id)
        guard vms.isEmpty else {
            throw .refuse(
                .inUse, .user(id), "user `\(try title(of: user))` still has \(listed(vms))",
                .delete(vms.prefix(100).map { .vm($0.id) }))
        }
        try removeProperties(of: .user(id))
        try remove(id)
    }

    /// An empty hash would be a login without a password.
    private func checkHash(_ hash: String) throws(LedgerError) {
        guard hash.hasPrefix("$"), hash.utf8.count <= 1024 else {
            throw .refuse(.invalid, .noun(.user), "the password hash is not in modular form ($method$...)")
        }
    }
}

/// `VM 3 (desk), VM 4 (lab) and 7 more`.
func listed(_ vms: [VirtualMachine]) -> String {
    let shown = vms.prefix(5).map { "VM \($0.id) (\($0.name))" }.joined(separator: ", ")
    return vms.count > 5 ? "\(shown) and \(vms.count - 5) more" : shown
}
