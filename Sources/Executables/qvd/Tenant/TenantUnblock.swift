import ArgumentParser
import FarmModel

struct TenantUnblock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let its users connect again.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more tenants.") var tenants: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(tenants) { name in
            let id = try await session.references().tenant(name).id
            try await session.apply(.setTenant(id, isBlocked: false))
        }
    }
}
