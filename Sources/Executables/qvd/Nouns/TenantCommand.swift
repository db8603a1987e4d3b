import ArgumentParser
import FarmModel
import FarmServices

struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Organisations on the farm: each owns users and OSFs.",
        subcommands: [
            TenantAdd.self, TenantList.self, TenantShow.self, TenantSet.self, TenantBlock.self, TenantUnblock.self,
            TenantDelete.self,
        ])

    static func row(_ listing: TenantListing) -> Listing.Row {
        let tenant = listing.tenant
        return [
            ("id", .number(tenant.id.rawValue)), ("name", .text(tenant.name)), ("users", .number(Int64(listing.users))),
            ("osfs", .number(Int64(listing.osfs))), ("blocked", .flag(tenant.isBlocked)),
        ]
    }
}

struct TenantAdd: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Make a tenant.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "Up to 80 characters, stored in lower case.") var name: String

    func run(in session: FarmSession) async throws {
        guard case .tenant(let id) = try await session.farm.apply(.addTenant(name: name)) else { return }
        show("made tenant \(id) (\(name.lowercased()))")
    }
}

struct TenantList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List tenants.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        Listing(rows: try await session.farm.tenants().map(TenantCommand.row)).print(output)
    }
}

struct TenantShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a tenant.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument var tenant: String

    func run(in session: FarmSession) async throws {
        Listing(rows: [TenantCommand.row(try await session.farm.tenant(tenant))]).printObject(output)
    }
}

struct TenantSet: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "set", abstract: "Change a tenant.")

    @OptionGroup var farm: FarmOptions
    @Argument var tenant: String
    @Flag(inversion: .prefixedNo, help: "Whether its users are kept from connecting.") var blocked: Bool

    func run(in session: FarmSession) async throws {
        let id = try await session.farm.tenant(tenant).tenant.id
        try await session.farm.apply(.setTenant(id, isBlocked: blocked))
    }
}

struct TenantBlock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep all its users from connecting.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more tenants.") var tenants: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(tenants) { name in
            let id = try await session.farm.tenant(name).tenant.id
            try await session.farm.apply(.setTenant(id, isBlocked: true))
        }
    }
}

struct TenantUnblock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let its users connect again.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more tenants.") var tenants: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(tenants) { name in
            let id = try await session.farm.tenant(name).tenant.id
            try await session.farm.apply(.setTenant(id, isBlocked: false))
        }
    }
}

struct TenantDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete tenants that have no users and no OSFs.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more tenants.") var tenants: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(tenants) { name in
            let id = try await session.farm.tenant(name).tenant.id
            try await session.farm.apply(.deleteTenant(id))
        }
    }
}
