import ArgumentParser
import FarmModel

struct TenantAdd: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Make a tenant.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "Up to 80 characters, stored in lower case.") var name: String

    func run(in session: FarmSession) async throws {
        guard case .tenant(let id) = try await session.apply(.addTenant(name: name)) else { return }
        print("made tenant \(id) (\(name.lowercased()))")
    }
}
