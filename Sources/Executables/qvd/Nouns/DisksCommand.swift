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
        var open: [UserDiskID: DiskDeletion] = [:]
        for deletion in try await session.farm.diskDeletions() { open[deletion.disk] = deletion }
        var rows: [Listing.Row] = []
        for storage in session.configuration.paths.storages.map(\.id) {
            for disk in try await session.disks(storage).observe() where disk.kind == .user {
                let name = names[disk.vm]
                let deletion = open.removeValue(forKey: UserDiskID(vm: disk.vm, storage: storage))
                guard all || name == nil else { continue }
                rows.append(Self.row(disk, on: storage, name: name, deletion))
            }
        }
        for deletion in open.values.sorted(by: { $0.disk < $1.disk }) { rows.append(Self.row(deletion)) }
        Listing(rows: rows, hiddenInTable: ["bytes", "storage", "requested_by"]).print(output)
    }

    private static func row(
        _ disk: ObservedDisk, on storage: StorageID, name: String?, _ deletion: DiskDeletion?
    ) -> Listing.Row {
        let state = deletion != nil ? "to be deleted" : name == nil ? "detached" : "attached"
        return [
            ("vm", .number(disk.vm.rawValue)), ("name", Listing.Value(name)), ("state", .text(state)),
            ("used", .text(sizeText(disk.usedBytes))), ("bytes", .number(disk.usedBytes)),
            ("path", .text(disk.path)), ("storage", .text(storage.text)),
            ("requested_by", Listing.Value(deletion?.requestedBy)), ("error", Listing.Value(deletion?.lastError)),
        ]
    }

    /// Of a disk on a storage that this node does not have, or that is gone.
    private static func row(_ deletion: DiskDeletion) -> Listing.Row {
        [
            ("vm", .number(deletion.disk.vm.rawValue)), ("name", .none), ("state", .text("to be deleted")),
            ("used", .none), ("bytes", .none), ("path", .none), ("storage", .text(deletion.disk.storage.text)),
            ("requested_by", .text(deletion.requestedBy)), ("error", Listing.Value(deletion.lastError)),
        ]
    }
}

struct DisksDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete detached user disks. There is no way back.",
        discussion: """
            A node that has the storage deletes them, at once if one runs, otherwise when one does. Until then \
            `qvd disks list` shows them as `to be deleted`, with what is in the way.
            """)

    @OptionGroup var farm: FarmOptions
    @Argument(help: "Numbers of VMs that were deleted, as `qvd disks list` shows them.") var vms: [Int64]
    @Option(help: ArgumentHelp("The storage they lie on.", valueName: "name"))
    var storage: StorageArgument = StorageArgument(storage: .standard)

    func run(in session: FarmSession) async throws {
        let storage = storage.storage
        let disks = session.has(storage) ? try await session.disks(storage) : nil
        try await session.forEach(vms.map(String.init)) { number in
            let disk = UserDiskID(vm: VMID(Int64(number) ?? 0), storage: storage)
            if let vm = try await session.farm.vms(VMFilter(id: disk.vm)).first?.vm {
                throw CommandFailure(
                    "VM \(vm.id) (\(vm.name)) exists, so its disk is not detached; `qvd vm delete --delete-user-disk`"
                        + " deletes both")
            }
            let isThere = try await disks?.observe().contains { $0.vm == disk.vm && $0.kind == .user }
            guard isThere ?? true else {
                throw CommandFailure("there is no user disk of VM \(disk.vm); `qvd disks list` shows them")
            }
            try await session.farm.apply(.deleteUserDisk(disk))
            show(try await session.fate(of: disk))
        }
    }
}
