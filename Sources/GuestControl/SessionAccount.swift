/// The Unix account that a session runs as.
package struct SessionAccount: Sendable, Hashable {
    package var name: String
    package var user: Int
    package var group: Int
    /// Beside `group`.
    package var otherGroups: [Int]
    package var home: String
    package var shell: String

    /// The original's default.
    package static let defaultName = "qvd"
    /// Accounts of people; below are the system's.
    package static let ids = 1000..<60_000

    /// Whether useradd(8) would take it: `^[a-z_][a-z0-9_-]{0,31}$`.
    package static func isAllowed(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 32, isLetter(first) else { return false }
        return name.utf8.dropFirst().allSatisfy {
            isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "_")
    }
}

/// What there is to do so that the session's user exists.
package enum AccountDecision: Sendable, Hashable {
    case use(SessionAccount)
    /// Add the account (and its group, when `addsGroup`).
    case add(SessionAccount, addsGroup: Bool)
    case refuse(String)

    /// Decides for the wanted login name. A login that is no Unix name, or that is the name of one of the system's
    /// own accounts, gets `qvd`: a guest has one user, and `daemon` may be a person's login on the farm.
    ///
    /// - Parameter homeOwner: who owns the folder of that name below `homes`, when it exists: on a fresh overlay
    ///   the account is gone while the files on the user disk remember it.
    package static func decide(
        wanted: String?, accounts: AccountFiles, homes: String, homeOwner: (String) -> (user: Int, group: Int)?
    ) -> AccountDecision {
        var name = SessionAccount.defaultName
        if let wanted, SessionAccount.isAllowed(wanted), accounts.user(named: wanted).map(isPerson) ?? true {
            name = wanted
        }
        if let known = accounts.user(named: name) {
            if isPerson(known) { return .use(accounts.account(of: known)) }
            return .refuse("the account \(name) of this image is a system account; a session needs another")
        }
        let home = "\(homes)/\(name)"
        let owner = homeOwner(name)
        let isOwned = owner.map { SessionAccount.ids.contains($0.user) } ?? false
        let user: Int
        if let owner, isOwned {
            if let other = accounts.user(withID: owner.user) {
                return .refuse(
                    "the home \(home) belongs to user id \(owner.user), which is \(other.name) in this image; give"
                        + " \(other.name) another id in the image")
            }
            user = owner.user
        } else if let free = SessionAccount.ids.first(where: { accounts.user(withID: $0) == nil }) {
            user = free
        } else {
            return .refuse("this image has no user id left")
        }
        let named = accounts.group(named: name)
        let preferred = isOwned && owner.map { SessionAccount.ids.contains($0.group) } ?? false ? owner?.group : nil
        let free = SessionAccount.ids.first { accounts.group(withID: $0) == nil }
        let fresh = [preferred, user].compactMap(\.self).first { accounts.group(withID: $0) == nil } ?? free
        guard let group = named ?? fresh else { return .refuse("this image has no group id left") }
        guard group > 0 else { return .refuse("the group \(name) of this image is that of root") }
        let account = SessionAccount(
            name: name, user: user, group: group, otherGroups: accounts.groups(of: name).filter { $0 != group },
            home: home, shell: "/bin/bash")
        return .add(account, addsGroup: named == nil)
    }

    private static func isPerson(_ user: AccountFiles.User) -> Bool {
        SessionAccount.ids.contains(user.id) && user.group > 0
    }
}
