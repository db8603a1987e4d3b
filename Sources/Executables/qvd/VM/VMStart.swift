import ArgumentParser
import FarmModel

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
            let names = try await session.references()
            let vm = try names.vm(name)
            let wanted = try node.map { try names.node($0).id }
            guard case .placed(_, on: let chosen) = try await session.apply(.startVM(vm.id, node: wanted)) else {
                return
            }
            let verb = vm.intent.wanted == .run ? "is already wanted to run" : "will start"
            print("VM \(vm.id) (\(vm.name)) \(verb) on \(names.name(of: chosen))")
        }
    }
}
