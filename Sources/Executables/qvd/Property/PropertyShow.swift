import ArgumentParser
import FarmModel

struct PropertyShow: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the value of one property.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind
    @Argument(help: "Which one.") var object: String
    @Argument var key: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        guard let value = names.snapshot.properties[try names.owner(kind, object)]?[key] else {
            throw CommandFailure("\(kind.rawValue) `\(object)` has no property `\(key)`")
        }
        print(value)
    }
}
