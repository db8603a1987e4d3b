import ArgumentParser
import FarmModel
import TextEncodings
import FarmServices
import FarmPorts
import ImageDisks

struct VMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vm", abstract: "Desktops: the virtual machines of users.",
        subcommands: [
            VMAdd.self, VMList.self, VMShow.self, VMSet.self, VMStart.self, VMStop.self, VMBlock.self, VMUnblock.self,
            VMExplain.self, VMDelete.self, VMAbandonDomain.self,
        ])

    /// In a table only what fits a line; programs and `show` get all.
    static let hiddenInTable: Set<String> = [
        "mac", "since", "wanted", "epoch", "era", "request", "requested_by", "image", "detail", "error", "client",
        "storage",
    ]

    static func row(_ listing: VMListing) -> Listing.Row {
        let vm = listing.vm
        let session = listing.session
        let user = listing.tenant == "default" ? listing.login : "\(listing.login)@\(listing.tenant)"
        return [
            ("id", .number(vm.id.rawValue)), ("name", .text(vm.name)), ("user", .text(user)),
            ("osf", .text(listing.osf)), ("tag", .text(vm.tag)), ("address", .text(vm.address.description)),
            ("mac", .text(vm.mac.description)), ("state", .text(vm.observation.state.rawValue)),
            ("since", .time(vm.observation.since)), ("detail", .text(vm.observation.detail)),
            ("wanted", .text(vm.intent.wanted.rawValue)),
            ("node", Listing.Value(listing.node)),
            ("epoch", .number(vm.intent.epoch.number)), ("era", .number(vm.intent.epoch.era)),
            ("request", .number(vm.intent.request)), ("requested_by", .text(vm.intent.requestedBy)),
            ("image", vm.observation.image.map { .number($0.rawValue) } ?? .none),
            ("session", Listing.Value(session?.state.rawValue)), ("client", Listing.Value(session?.peer)),
            ("error", Listing.Value(vm.observation.lastError)), ("blocked", .flag(vm.isBlocked)),
            ("storage", .text(vm.storage.text)),
        ]
    }
}

struct VMAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make a VM. Its address is fixed for its life.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "Any text of up to 64 characters.") var name: String
    @Option(help: "Who it belongs to.") var user: String
    @Option(help: "What it runs, an OSF of the user's tenant.") var osf: String
    @Option(help: "Which image of the OSF: `default`, `head`, a version or another tag.") var tag = "default"
    @Option(help: ArgumentHelp("Its address; the highest free one unless given.", valueName: "address"))
    var address: AddressArgument?
    @Option(
        help: ArgumentHelp(
            "Where its disks lie, for its life: `default`, or one of path.storage.more.", valueName: "name"))
    var storage: StorageArgument = StorageArgument(storage: .standard)

    func run(in session: FarmSession) async throws {
        let user = try await session.farm.user(user).user
        let osf = try await session.farm.osf(osf).osf
        let command = AdministrationCommand.addVM(
            name: name, user: user.id, osf: osf.id, tag: tag, address: address?.address,
            storage: storage.storage)
        guard case .vm(let id) = try await session.farm.apply(command) else { return }
        let vm = try await session.farm.vm("id:\(id)").vm
        show("made VM \(id) (\(name)) with address \(vm.address)")
    }
}

extension VMState: ExpressibleByArgument {}

struct VMList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List VMs.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Only those of this user.") var user: String?
    @Option(help: "Only those assigned to this node.") var node: String?
    @Option(help: "Only those in this state.") var state: VMState?

    func run(in session: FarmSession) async throws {
        var filter = VMFilter(state: state)
        if let user { filter.user = try await session.farm.user(user).user.id }
        if let node { filter.node = try await session.farm.node(node).node.id }
        let rows = try await session.farm.vms(filter).map(VMCommand.row)
        Listing(rows: rows, hiddenInTable: VMCommand.hiddenInTable).print(output)
    }
}

struct VMShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a VM.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument var vm: String

    func run(in session: FarmSession) async throws {
        let listing = try await session.farm.vm(vm)
        let row = VMCommand.row(listing) + [try await session.properties(of: .vm(listing.vm.id))]
        Listing(rows: [row]).printObject(output)
    }
}

struct VMSet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a VM. A new tag counts from its next start on.")

    @OptionGroup var farm: FarmOptions
    @Argument var vm: String
    @Option(help: "A new name.") var name: String?
    @Option(help: "Which image of the OSF: `default`, `head`, a version or another tag.") var tag: String?
    @Flag(inversion: .prefixedNo, help: "Whether it is kept from starting and being connected to.") var blocked: Bool?

    func validate() throws {
        guard name != nil || tag != nil || blocked != nil else {
            throw ValidationError("say what to change: --name, --tag, --blocked")
        }
    }

    func run(in session: FarmSession) async throws {
        let id = try await session.farm.vm(vm).vm.id
        try await session.farm.apply(.setVM(id, name: name, tag: tag, isBlocked: blocked))
    }
}

struct VMStart: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start VMs, each on a node that has room for it.",
        discussion: """
            Returns at once; `qvd vm list` and `qvd vm explain` say how it goes. The node is the least loaded one, or, \
            with the configuration key placement.policy at `fill`, the fullest that still has room.
            """)

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]
    @Option(help: "On this node, unless the VM is on one already.") var node: String?

    func run(in session: FarmSession) async throws {
        try await session.forEach(vms) { name in
            let start = try await session.farm.start(name, on: node)
            let verb = start.wasWanted ? "is already wanted to run" : "will start"
            show("VM \(start.vm.id) (\(start.vm.name)) \(verb) on \(start.node)")
        }
    }
}

struct VMStop: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop VMs: first politely, then by force.",
        discussion: "Returns at once; `qvd vm list` and `qvd vm explain` say how it goes.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(vms) { name in
            let vm = try await session.farm.vm(name).vm
            try await session.farm.apply(.stopVM(vm.id))
            let isStopped = vm.intent.wanted == .stop && vm.intent.node == nil
            show("VM \(vm.id) (\(vm.name)) \(isStopped ? "is stopped already" : "will stop")")
        }
    }
}

struct VMBlock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep VMs from starting and being connected to; a running one goes on.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(vms) { name in
            let id = try await session.farm.vm(name).vm.id
            try await session.farm.apply(.setVM(id, name: nil, tag: nil, isBlocked: true))
        }
    }
}

struct VMUnblock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let VMs start and be connected to again.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(vms) { name in
            let id = try await session.farm.vm(name).vm.id
            try await session.farm.apply(.setVM(id, name: nil, tag: nil, isBlocked: false))
        }
    }
}

struct VMExplain: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say in plain words why a VM is in its state, and what to do.")

    @OptionGroup var farm: FarmOptions
    @Argument var vm: String

    func run(in session: FarmSession) async throws {
        for reason in try await session.farm.explain(vm) { show(ForeignText.shown(reason.commandText, upTo: .max)) }
    }
}

struct VMDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete stopped VMs; their user disks stay unless you say otherwise.",
        discussion: "Disks that stay are listed by `qvd disks list` and deleted by `qvd disks delete`.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]
    @Flag(help: "Delete the user disk too. There is no way back.") var deleteUserDisk = false

    func run(in session: FarmSession) async throws {
        try await session.forEach(vms) { name in
            let vm = try await session.farm.vm(name).vm
            // First, so that storage that is not there is said before anything is deleted.
            let disks = session.has(vm.storage) ? try await session.disks(vm.storage) : nil
            // What lies on a storage that is not here, nodes that have it know.
            let hasDisk = try await disks?.observe().contains { $0.vm == vm.id && $0.kind == .user } ?? true
            try await session.farm.apply(.deleteVM(vm.id, deletesUserDisk: deleteUserDisk && hasDisk))
            // The row is gone, so nothing can start on these any more.
            try await disks?.removeOverlays(of: vm.id)
            guard hasDisk, deleteUserDisk else {
                let fate = hasDisk ? "; its user disk stays (`qvd disks list`)" : ""
                return show("deleted VM \(vm.id) (\(vm.name))\(fate)")
            }
            let fate = try await session.fate(of: UserDiskID(vm: vm.id, storage: vm.storage))
            show("deleted VM \(vm.id) (\(vm.name)); \(fate)")
        }
    }
}

struct VMAbandonDomain: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "abandon-domain",
        abstract: "Give up a domain that runs on a node but has no VM in the farm; the node then removes it.",
        discussion: "The node's log names such domains. They are kept until you say this.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "The VM number in the domain's name, qvd-FARM-NUMBER.") var number: Int64
    @Option(help: "The node it runs on; may be left out when the farm has one.") var node: String?

    func run(in session: FarmSession) async throws {
        let chosen: Node
        if let node {
            chosen = try await session.farm.node(node).node
        } else {
            let nodes = try await session.farm.nodes()
            guard nodes.count == 1 else {
                throw CommandFailure("the farm has \(nodes.count) nodes; say which with --node")
            }
            chosen = nodes[0].node
        }
        try await session.farm.apply(.abandonDomain(VMID(number), node: chosen.id))
        show("\(chosen.name) will remove the domain of VM \(number)")
    }
}
