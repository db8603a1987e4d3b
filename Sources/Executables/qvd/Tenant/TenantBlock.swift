import ArgumentParser
import FarmModel

struct TenantBlock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep all its users from connecting.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more tenants.") var tenants: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(tenants) { name in
            let id = try await session.references().tenant(name).id
            try await session.apply(.setTenant(id, isBlocked: true))
        }
    }
}
