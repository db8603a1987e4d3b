import ArgumentParser
import FarmModel

struct PropertyDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Take a property from an object.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind
    @Argument(help: "Which one.") var object: String
    @Argument var key: String

    func run(in session: FarmSession) async throws {
        let owner = try await session.references().owner(kind, object)
        try await session.apply(.deleteProperty(owner, key: key))
    }
}
