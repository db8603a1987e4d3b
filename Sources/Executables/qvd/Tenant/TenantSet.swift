import ArgumentParser
import FarmModel

struct TenantSet: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "set", abstract: "Change a tenant.")

    @OptionGroup var farm: FarmOptions
    @Argument var tenant: String
    @Flag(inversion: .prefixedNo, help: "Whether its users are kept from connecting.") var blocked: Bool

    func run(in session: FarmSession) async throws {
        let id = try await session.references().tenant(tenant).id
        try await session.apply(.setTenant(id, isBlocked: blocked))
    }
}
