import ArgumentParser
import FarmModel

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "The hosts that run VMs.",
        subcommands: [
            NodeAdd.self, NodeList.self, NodeShow.self, NodeSet.self, NodeBlock.self, NodeUnblock.self,
            NodeDelete.self,
        ])

    static func row(_ node: Node, _ names: References) -> Listing.Row {
        let vms = names.snapshot.vms.filter { $0.intent.node == node.id }
        let taken = vms.reduce(Resources.none) { $0 + $1.intent.reserved }
        return [
            ("id", .number(node.id.rawValue)), ("name", .text(node.name)), ("address", .text(node.address.description)),
            ("state", .text(node.state.rawValue)), ("since", .time(node.stateSince)),
            ("vms", .number(Int64(vms.count))), ("memory_used", .number(Int64(taken.memory.count))),
            ("memory", node.capacity.memory.map { .number(Int64($0.count)) } ?? .none),
            ("cpus_used", .number(Int64(taken.cpus))),
            ("cpus", node.capacity.cpus.map { .number(Int64($0)) } ?? .none), ("blocked", .flag(node.isBlocked)),
        ]
    }
}
