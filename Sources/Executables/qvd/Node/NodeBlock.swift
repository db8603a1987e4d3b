import ArgumentParser
import FarmModel

struct NodeBlock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep new VMs from a node; those that run go on.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more nodes.") var nodes: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(nodes) { name in
            let id = try await session.references().node(name).id
            try await session.apply(.setNode(id, isBlocked: true))
        }
    }
}
