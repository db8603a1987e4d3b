import ArgumentParser
import FarmModel

struct NodeSet: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "set", abstract: "Change a node.")

    @OptionGroup var farm: FarmOptions
    @Argument var node: String
    @Flag(inversion: .prefixedNo, help: "Whether new VMs are kept from it.") var blocked: Bool

    func run(in session: FarmSession) async throws {
        let id = try await session.references().node(node).id
        try await session.apply(.setNode(id, isBlocked: blocked))
    }
}
