/// Who acts on the farm, and what that allows. Its text is what the audit trail says.
package enum Actor: Sendable, Hashable, CustomStringConvertible {
    /// Whoever may open the farm's database on the machine itself: root, or a member of the database's group. May do
    /// everything.
    case console(name: String)
    /// Somebody who logged in to administer one tenant or, without a tenant, the whole farm.
    case administrator(name: String, tenant: TenantID?, rights: Set<Right>)
    /// A user through the router: may start and stop desktops of their own.
    case user(UserID, name: LoginName)
    /// A part of QVD itself. May do everything.
    case system(name: String)

    package var description: String {
        switch self {
        case .console(let name), .system(let name): name
        case .administrator(let name, _, _): "administrator \(name)"
        case .user(_, let name): "user \(name)"
        }
    }

    /// The one decision on rights: everything that acts on the farm for somebody asks here.
    package func may(_ right: Right, on scope: ActionScope) -> Bool {
        switch self {
        case .console, .system: true
        case .administrator(_, let tenant, let rights):
            rights.contains(right) && (tenant == nil || tenant == scope.tenant)
        case .user(let id, _): right == .power && id == scope.owner
        }
    }

    /// Whether `may` says yes to everything, so that nobody has to find out about a scope.
    package var mayEverything: Bool {
        switch self {
        case .console, .system: true
        case .administrator(_, let tenant, let rights): tenant == nil && rights.count == Right.allCases.count
        case .user: false
        }
    }
}

/// What an administrator may be allowed to do.
package enum Right: String, Sendable, Hashable, CaseIterable {
    case tenants, users
    /// OSFs and their images.
    case flavours
    case nodes
    /// Making, changing, blocking and deleting VMs.
    case desktops
    /// Starting and stopping VMs.
    case power
    case configuration

    /// After "may not".
    package var words: String {
        switch self {
        case .tenants: "administer tenants"
        case .users: "administer users"
        case .flavours: "administer OSFs and images"
        case .nodes: "administer nodes"
        case .desktops: "administer VMs"
        case .power: "start or stop VMs"
        case .configuration: "change the farm's configuration"
        }
    }
}

/// Whose an action's object is.
package struct ActionScope: Sendable, Hashable {
    /// Nil for what belongs to the whole farm, and for an object that does not exist: nobody who is kept to a tenant
    /// learns which numbers are taken elsewhere.
    package let tenant: TenantID?
    /// The user of a VM.
    package let owner: UserID?

    package init(tenant: TenantID?, owner: UserID? = nil) {
        self.tenant = tenant
        self.owner = owner
    }

    package static let farm = ActionScope(tenant: nil)
}

/// The name that a caller gives a command, so that the command can be sent again when its answer was lost: for one
/// actor it stands for one command.
package struct RequestID: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    /// Nil unless it is 1 to 64 letters, digits, hyphens, dots or underscores of ASCII.
    package init?(_ text: String) {
        let isPlain = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || [0x2d, 0x2e, 0x5f].contains(byte)
        }
        guard (1...64).contains(text.utf8.count), isPlain else { return nil }
        self.text = text
    }

    /// From random bytes, at most 32 of them.
    package init(bytes: [UInt8]) {
        text = bytes.prefix(32).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0\(digits)" : digits
        }.joined()
    }

    package var description: String { text }
}
