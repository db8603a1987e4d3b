import ArgumentParser
import FarmModel
import FarmPorts
import FarmStore
import ImageDisks
import SQLiteStore

struct DisksDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete detached user disks. There is no way back.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "Numbers of VMs that were deleted, as `qvd disks list` shows them.") var vms: [Int64]

    func run(in session: FarmSession) async throws {
        let disks = try await session.disks()
        try await session.forEach(vms.map(String.init)) { number in
            let id = VMID(Int64(number) ?? 0)
            if let vm = try await session.store.snapshot().vms.first(where: { $0.id == id }) {
                throw CommandFailure(
                    "VM \(id) (\(vm.name)) exists, so its disk is not detached; `qvd vm delete --delete-user-disk`"
                        + " deletes both")
            }
            guard try await disks.observe().contains(where: { $0.vm == id && $0.kind == .user }) else {
                throw CommandFailure("there is no user disk of VM \(id); `qvd disks list` shows them")
            }
            try await disks.deleteUserDisk(of: id)
        }
    }
}
