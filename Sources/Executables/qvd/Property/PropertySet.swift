import ArgumentParser
import FarmModel

struct PropertySet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Give an object a property, or the property another value.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind
    @Argument(help: "Which one.") var object: String
    @Argument var key: String
    @Argument var value: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let owner = try names.owner(kind, object)
        try await session.apply(.setProperty(owner, key: key, value: value))
    }
}
