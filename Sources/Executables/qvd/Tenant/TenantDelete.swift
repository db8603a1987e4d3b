import ArgumentParser
import FarmModel

struct TenantDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete tenants that have no users and no OSFs.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more tenants.") var tenants: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(tenants) { name in
            let id = try await session.references().tenant(name).id
            try await session.apply(.deleteTenant(id))
        }
    }
}
