import ArgumentParser
import FarmModel
import FarmServices
import OpenSSLSecrets

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "People who log in and own desktops.",
        subcommands: [
            UserAdd.self, UserList.self, UserShow.self, UserSet.self, UserPasswd.self, UserBlock.self,
            UserUnblock.self, UserDelete.self,
        ])

    static func row(_ listing: UserListing) -> Listing.Row {
        let user = listing.user
        return [
            ("id", .number(user.id.rawValue)), ("login", .text(user.login)),
            ("tenant", .text(listing.tenant)), ("vms", .number(Int64(listing.vms))),
            ("connected", .number(Int64(listing.connected))), ("blocked", .flag(user.isBlocked)),
        ]
    }
}

struct UserAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make a user.",
        discussion: "The password is asked for on the terminal, or read from --password-file.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var password: PasswordOptions
    @Argument(help: "LOGIN or LOGIN@TENANT; stored in lower case.") var login: String

    func run(in session: FarmSession) async throws {
        guard let name = LoginName(login) else {
            throw CommandFailure("`\(login)` is no login; it must be LOGIN or LOGIN@TENANT")
        }
        let tenant = try await session.farm.tenant(name.tenant).tenant
        let hash = try await ScryptHasher().hash(try password.read(for: login))
        let command = AdministrationCommand.addUser(tenant: tenant.id, login: name.login, passwordHash: hash)
        guard case .user(let id) = try await session.farm.apply(command) else { return }
        show("made user \(id) (\(name.login)@\(tenant.name))")
    }
}

struct UserList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List users.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Only those of this tenant.") var tenant: String?

    func run(in session: FarmSession) async throws {
        var filter = UserFilter()
        if let tenant { filter.tenant = try await session.farm.tenant(tenant).tenant.id }
        Listing(rows: try await session.farm.users(filter).map(UserCommand.row)).print(output)
    }
}

struct UserShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a user.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "LOGIN, LOGIN@TENANT or a number.") var user: String

    func run(in session: FarmSession) async throws {
        let listing = try await session.farm.user(user)
        let user = listing.user
        var row = UserCommand.row(listing)
        let desktops = try await session.farm.vms(VMFilter(user: user.id))
        row.append(("desktops", .list(desktops.map(\.vm.name))))
        row.append(try await session.properties(of: .user(user.id)))
        Listing(rows: [row]).printObject(output)
    }
}

struct UserSet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a user. A new password: `qvd user passwd`.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "LOGIN, LOGIN@TENANT or a number.") var user: String
    @Flag(inversion: .prefixedNo, help: "Whether the user is kept from connecting.") var blocked: Bool

    func run(in session: FarmSession) async throws {
        let id = try await session.farm.user(user).user.id
        try await session.farm.apply(.setUser(id, passwordHash: nil, isBlocked: blocked))
    }
}

struct UserPasswd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd", abstract: "Give a user another password.",
        discussion: "It is asked for on the terminal, or read from --password-file.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var password: PasswordOptions
    @Argument(help: "LOGIN, LOGIN@TENANT or a number.") var user: String

    func run(in session: FarmSession) async throws {
        let user = try await session.farm.user(user).user
        let hash = try await ScryptHasher().hash(try password.read(for: user.login))
        try await session.farm.apply(.setUser(user.id, passwordHash: hash, isBlocked: nil))
    }
}

struct UserBlock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep users from connecting.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more users.") var users: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(users) { name in
            let id = try await session.farm.user(name).user.id
            try await session.farm.apply(.setUser(id, passwordHash: nil, isBlocked: true))
        }
    }
}

struct UserUnblock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let users connect again.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more users.") var users: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(users) { name in
            let id = try await session.farm.user(name).user.id
            try await session.farm.apply(.setUser(id, passwordHash: nil, isBlocked: false))
        }
    }
}

struct UserDelete: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Delete users that have no VMs.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more users.") var users: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(users) { name in
            let id = try await session.farm.user(name).user.id
            try await session.farm.apply(.deleteUser(id))
        }
    }
}
