import ArgumentParser
import FarmModel
import FarmStore
import SQLiteStore

struct NodeShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a node.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument var node: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let node = try names.node(node)
        var row = NodeCommand.row(node, names)
        row.append(("assigned", .list(names.snapshot.vms.filter { $0.intent.node == node.id }.map(\.name))))
        let abandoned = try await session.store.abandonedDomains(on: node.id)
        row.append(("abandoned_domains", .list(abandoned.map(\.description))))
        row.append(PropertyCommand.field(.node(node.id), names))
        Listing(rows: [row]).printObject(output)
    }
}
