import ArgumentParser
import FarmModel
import FarmServices
import FarmStore
import SQLiteStore

struct NodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "The hosts that run VMs.",
        subcommands: [
            NodeAdd.self, NodeList.self, NodeShow.self, NodeSet.self, NodeBlock.self, NodeUnblock.self,
            NodeDrain.self, NodeResume.self,
            NodeDelete.self,
        ])

    static func row(_ listing: NodeListing) -> Listing.Row {
        let node = listing.node
        return [
            ("id", .number(node.id.rawValue)), ("name", .text(node.name)), ("address", .text(node.address.description)),
            ("state", .text(node.state.rawValue)), ("since", .time(node.stateSince)),
            ("vms", .number(Int64(listing.vms))), ("memory_used", .number(Int64(listing.reserved.memory.count))),
            ("memory", node.capacity.memory.map { .number(Int64($0.count)) } ?? .none),
            ("cpus_used", .number(Int64(listing.reserved.cpus))),
            ("cpus", node.capacity.cpus.map { .number(Int64($0)) } ?? .none), ("blocked", .flag(node.isBlocked)),
            ("draining", .flag(node.isDraining)),
        ]
    }
}

struct NodeAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a node.",
        discussion: "The name is what `nodename` in the node's configuration says, by default its host name.")

    @OptionGroup var farm: FarmOptions
    @Argument var name: String
    @Option(help: ArgumentHelp("Its own address on the VM network, below the VM range.", valueName: "address"))
    var address: AddressArgument
    @OptionGroup var capacity: CapacityOptions

    func run(in session: FarmSession) async throws {
        let command = AdministrationCommand.addNode(
            name: name, address: address.address, memory: capacity.memory?.size ?? Mebibytes(0),
            cpus: capacity.cpus ?? 0)
        guard case .node(let id) = try await session.farm.apply(command) else { return }
        show("made node \(id) (\(name)); next: `qvd-node check` there says what it still needs")
    }
}

struct NodeList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List nodes.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        Listing(rows: try await session.farm.nodes().map(NodeCommand.row)).print(output)
    }
}

struct NodeShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a node.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument var node: String

    func run(in session: FarmSession) async throws {
        let listing = try await session.farm.node(node)
        let node = listing.node
        var row = NodeCommand.row(listing)
        let assigned = try await session.farm.vms(VMFilter(node: node.id))
        row.append(("assigned", .list(assigned.map(\.vm.name))))
        let abandoned = try await session.farm.abandonedDomains(on: node.id)
        row.append(("abandoned_domains", .list(abandoned.map(\.description))))
        row.append(try await session.properties(of: .node(node.id)))
        Listing(rows: [row]).printObject(output)
    }
}

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
        let id = try await session.farm.node(node).node.id
        try await session.farm.apply(
            .setNode(id, isBlocked: blocked, memory: capacity.memory?.size, cpus: capacity.cpus))
    }
}

struct NodeBlock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep new VMs from a node; those that run go on.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more nodes.") var nodes: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(nodes) { name in
            let id = try await session.farm.node(name).node.id
            try await session.farm.apply(.setNode(id, isBlocked: true))
        }
    }
}

struct NodeUnblock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let VMs start on a node again.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more nodes.") var nodes: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(nodes) { name in
            let id = try await session.farm.node(name).node.id
            try await session.farm.apply(.setNode(id, isBlocked: false))
        }
    }
}

struct NodeDrain: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Start no more VMs on a node; those that run go on, and their users come in.",
        discussion: """
            `qvd vm list --node NODE` shows what still runs there. Stop those VMs, or wait until their users have ended
            them: each starts elsewhere when it is asked for again.
            """)

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more nodes.") var nodes: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(nodes) { name in
            let id = try await session.farm.node(name).node.id
            try await session.farm.apply(.drain(id))
        }
    }
}

struct NodeResume: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Let VMs start again on a node that drains.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more nodes.") var nodes: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(nodes) { name in
            let id = try await session.farm.node(name).node.id
            try await session.farm.apply(.resume(id))
        }
    }
}

struct NodeDelete: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Delete nodes that run no VM.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more nodes.") var nodes: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(nodes) { name in
            let id = try await session.farm.node(name).node.id
            try await session.farm.apply(.deleteNode(id))
        }
    }
}
