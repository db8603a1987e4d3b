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
        let vms = names.snapshot.vms.count { $0.intent.node == node.id }
        return [
            ("id", .number(node.id.rawValue)), ("name", .text(node.name)), ("address", .text(node.address.description)),
            ("state", .text(node.state.rawValue)), ("since", .time(node.stateSince)),
            ("vms", .number(Int64(vms))), ("blocked", .flag(node.isBlocked)),
        ]
    }
}
