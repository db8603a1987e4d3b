import ArgumentParser
import FarmModel

struct NodeList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List nodes.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        Listing(rows: names.snapshot.nodes.map { NodeCommand.row($0, names) }).print(output)
    }
}
