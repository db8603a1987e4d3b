import ArgumentParser
import FarmModel
import FarmPorts
import ImageDisks

struct VMDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete stopped VMs; their user disks stay unless you say otherwise.",
        discussion: "Disks that stay are listed by `qvd disks list` and deleted by `qvd disks delete`.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]
    @Flag(help: "Delete the user disk too. There is no way back.") var deleteUserDisk = false

    func run(in session: FarmSession) async throws {
        let disks = try await session.disks()
        try await session.forEach(vms) { name in
            let vm = try await session.references().vm(name)
            // First, so that storage that is not there is said before anything is deleted.
            let hasDisk = try await disks.observe().contains { $0.vm == vm.id && $0.kind == .user }
            try await session.apply(.deleteVM(vm.id))
            // The row is gone, so nothing can start on these any more.
            try await disks.removeOverlays(of: vm.id)
            if deleteUserDisk { try await disks.deleteUserDisk(of: vm.id) }
            let fate = deleteUserDisk ? "with its user disk" : "; its user disk stays (`qvd disks list`)"
            print("deleted VM \(vm.id) (\(vm.name))\(hasDisk ? (deleteUserDisk ? " " : "") + fate : "")")
        }
    }
}
