import ArgumentParser
import FarmControl
import FarmModel

struct VMStart: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start VMs, each on the least loaded running node.",
        discussion: "Returns at once; `qvd vm list` and `qvd vm explain` say how it goes.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]
    @Option(help: "On this node, unless the VM is on one already.") var node: String?

    func run(in session: FarmSession) async throws {
        try await session.forEach(vms) { name in
            let names = try await session.references()
            let vm = try names.vm(name)
            let chosen = try vm.intent.node ?? node.map { try names.node($0).id } ?? leastLoadedNode(in: names.snapshot)
            guard let chosen else { throw CommandFailure(noNode(for: vm, names.snapshot.nodes)) }
            try await session.apply(.startVM(vm.id, node: chosen))
            let verb = vm.intent.wanted == .run ? "is already wanted to run" : "will start"
            print("VM \(vm.id) (\(vm.name)) \(verb) on \(names.name(of: chosen))")
        }
    }

    private func noNode(for vm: VirtualMachine, _ nodes: [Node]) -> String {
        let reasons = nodes.map { "\($0.name) is \($0.isBlocked ? "blocked" : $0.state.rawValue)" }
        return "no node can take VM \(vm.id) (\(vm.name)): "
            + (nodes.isEmpty
                ? "the farm has none; add one with `qvd node add`"
                : "\(reasons.joined(separator: ", ")); start qvd-node there, or unblock it with `qvd node unblock`")
    }
}
