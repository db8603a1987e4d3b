import ArgumentParser
import FarmModel

struct VMAbandonDomain: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "abandon-domain",
        abstract: "Give up a domain that runs on a node but has no VM in the farm; the node then removes it.",
        discussion: "The node's log names such domains. They are kept until you say this.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "The VM number in the domain's name, qvd-FARM-NUMBER.") var number: Int64
    @Option(help: "The node it runs on; may be left out when the farm has one.") var node: String?

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let nodes = names.snapshot.nodes
        guard let chosen = try node.map({ try names.node($0) }) ?? (nodes.count == 1 ? nodes[0] : nil) else {
            throw CommandFailure("the farm has \(nodes.count) nodes; say which with --node")
        }
        try await session.apply(.abandonDomain(VMID(number), node: chosen.id))
        print("\(chosen.name) will remove the domain of VM \(number)")
    }
}
