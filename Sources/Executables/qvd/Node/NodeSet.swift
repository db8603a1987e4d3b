import ArgumentParser
import FarmModel

struct NodeSet: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "set", abstract: "Change a node.")

    @OptionGroup var farm: FarmOptions
    @Argument var node: String
    @Flag(inversion: .prefixedNo, help: "Whether new VMs are kept from it.") var blocked: Bool?
    @OptionGroup var capacity: CapacityOptions

    func validate() throws {
        guard blocked != nil || capacity.memory != nil || capacity.cpus != nil else {
            throw ValidationError("say what to change: --blocked, --no-blocked, --memory, --cpus")
        }
    }

    func run(in session: FarmSession) async throws {
        let id = try await session.references().node(node).id
        try await session.apply(
            .setNode(id, isBlocked: blocked, memory: capacity.memory?.size, cpus: capacity.cpus))
    }
}
