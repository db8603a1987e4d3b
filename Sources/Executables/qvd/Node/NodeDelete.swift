import ArgumentParser
import FarmModel

struct NodeDelete: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Delete nodes that run no VM.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more nodes.") var nodes: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(nodes) { name in
            let id = try await session.references().node(name).id
            try await session.apply(.deleteNode(id))
        }
    }
}
