import ArgumentParser
import FarmModel

struct NodeUnblock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let VMs start on a node again.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more nodes.") var nodes: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(nodes) { name in
            let id = try await session.references().node(name).id
            try await session.apply(.setNode(id, isBlocked: false))
        }
    }
}
