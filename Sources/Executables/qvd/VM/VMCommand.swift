import ArgumentParser
import FarmModel

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
    ]

    static func row(_ vm: VirtualMachine, _ names: References) -> Listing.Row {
        let session = names.snapshot.sessions.first { $0.vm == vm.id }
        return [
            ("id", .number(vm.id.rawValue)), ("name", .text(vm.name)), ("user", .text(names.name(of: vm.user))),
            ("osf", .text(names.name(of: vm.osf))), ("tag", .text(vm.tag)), ("address", .text(vm.address.description)),
            ("mac", .text(vm.mac.description)), ("state", .text(vm.observation.state.rawValue)),
            ("since", .time(vm.observation.since)), ("detail", .text(vm.observation.detail)),
            ("wanted", .text(vm.intent.wanted.rawValue)),
            ("node", Listing.Value(vm.intent.node.map { names.name(of: $0) })),
            ("epoch", .number(vm.intent.epoch.number)), ("era", .number(vm.intent.epoch.era)),
            ("request", .number(vm.intent.request)), ("requested_by", .text(vm.intent.requestedBy)),
            ("image", vm.observation.image.map { .number($0.rawValue) } ?? .none),
            ("session", Listing.Value(session?.state.rawValue)), ("client", Listing.Value(session?.peer)),
            ("error", Listing.Value(vm.observation.lastError)), ("blocked", .flag(vm.isBlocked)),
        ]
    }
}
