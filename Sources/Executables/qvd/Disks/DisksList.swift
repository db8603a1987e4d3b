import ArgumentParser
import FarmModel
import FarmPorts
import FarmStore
import ImageDisks
import SQLiteStore

struct DisksList: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List detached user disks: those whose VM was deleted.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Also those of VMs that exist.") var all = false

    func run(in session: FarmSession) async throws {
        let vms = try await session.store.snapshot().vms
        var rows: [Listing.Row] = []
        for disk in try await session.disks().observe() where disk.kind == .user {
            let vm = vms.first { $0.id == disk.vm }
            guard all || vm == nil else { continue }
            rows.append([
                ("vm", .number(disk.vm.rawValue)), ("name", Listing.Value(vm?.name)),
                ("state", .text(vm == nil ? "detached" : "attached")), ("used", .text(sizeText(disk.usedBytes))),
                ("bytes", .number(disk.usedBytes)), ("path", .text(disk.path)),
            ])
        }
        Listing(rows: rows, hiddenInTable: ["bytes"]).print(output)
    }
}
