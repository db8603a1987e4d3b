import ArgumentParser
import FarmModel
import FarmServices
import FarmPorts
import FarmStore
import ImageDisks
import NodeConfiguration
import SQLiteStore

struct DisksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disks", abstract: "User disks on this node's storages.",
        subcommands: [DisksList.self, DisksDelete.self])
}

struct DisksList: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List detached user disks: those whose VM was deleted.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Also those of VMs that exist.") var all = false

    func run(in session: FarmSession) async throws {
        var names: [VMID: String] = [:]
        for listing in try await session.farm.vms() { names[listing.vm.id] = listing.vm.name }
        var rows: [Listing.Row] = []
        for storage in session.configuration.paths.storages.map(\.id) {
            for disk in try await session.disks(storage).observe() where disk.kind == .user {
                let name = names[disk.vm]
                guard all || name == nil else { continue }
                rows.append([
                    ("vm", .number(disk.vm.rawValue)), ("name", Listing.Value(name)),
                    ("state", .text(name == nil ? "detached" : "attached")),
                    ("used", .text(sizeText(disk.usedBytes))), ("bytes", .number(disk.usedBytes)),
                    ("path", .text(disk.path)), ("storage", .text(storage.text)),
                ])
            }
        }
        Listing(rows: rows, hiddenInTable: ["bytes", "storage"]).print(output)
    }
}

struct DisksDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete detached user disks. There is no way back.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "Numbers of VMs that were deleted, as `qvd disks list` shows them.") var vms: [Int64]
    @Option(help: ArgumentHelp("The storage they lie on.", valueName: "name"))
    var storage: StorageArgument = StorageArgument(storage: .standard)

    func run(in session: FarmSession) async throws {
        let disks = try await session.disks(storage.storage)
        try await session.forEach(vms.map(String.init)) { number in
            let id = VMID(Int64(number) ?? 0)
            if let vm = try await session.farm.vms(VMFilter(id: id)).first?.vm {
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
