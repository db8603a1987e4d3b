import ArgumentParser
import FarmModel

struct PropertyAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Give an object a property that it does not have yet.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind
    @Argument(help: "Which one.") var object: String
    @Argument var key: String
    @Argument var value: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let owner = try names.owner(kind, object)
        guard names.snapshot.properties[owner]?[key] == nil else {
            throw CommandFailure("\(kind.rawValue) `\(object)` has a property `\(key)` already; change it with `set`")
        }
        try await session.apply(.setProperty(owner, key: key, value: value))
    }
}
