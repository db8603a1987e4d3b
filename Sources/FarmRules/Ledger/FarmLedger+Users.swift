package import FarmModel

extension FarmLedger: UserRows {
    package func user(_ id: UserID) -> User? { userRows[id] }

    package func user(login: String, in tenant: TenantID) -> User? {
        userNumbers[tenant]?[Array(login.utf8)].flatMap { userRows[$0] }
    }

    package func users() -> [User] { userRows.all }

    package mutating func put(_ user: User) {
        countWrite()
        if let old = userRows[user.id] { userNumbers[old.tenant]?[Array(old.login.utf8)] = nil }
        userNumbers[user.tenant, default: [:]][Array(user.login.utf8)] = user.id
        userRows.put(user, at: user.id)
    }

    package mutating func remove(_ user: UserID) {
        countWrite()
        if let old = userRows[user] { userNumbers[old.tenant]?[Array(old.login.utf8)] = nil }
        userRows.remove(user)
        hashes[user] = nil
    }

    package func passwordHash(of user: UserID) -> String? { hashes[user] }

    package mutating func put(passwordHash: String, of user: UserID) {
        countWrite()
        hashes[user] = passwordHash
    }
}
