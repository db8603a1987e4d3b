import ArgumentParser
import FarmModel

struct VMStop: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stop VMs: first politely, then by force.",
        discussion: "Returns at once; `qvd vm list` and `qvd vm explain` say how it goes.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(vms) { name in
            let vm = try await session.references().vm(name)
            try await session.apply(.stopVM(vm.id))
            let isSettled = vm.intent.wanted == .stop && vm.intent.node == nil
            print("VM \(vm.id) (\(vm.name)) \(isSettled ? "is stopped already" : "will stop")")
        }
    }
}
