import ArgumentParser
import FarmModel

struct OSFCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "osf", abstract: "Operating system flavours: what a kind of desktop has in common.",
        subcommands: [OSFAdd.self, OSFList.self, OSFShow.self, OSFSet.self, OSFDelete.self])

    static func row(_ osf: OSFlavour, _ names: References) -> Listing.Row {
        let images = names.snapshot.images.count { $0.osf == osf.id }
        let vms = names.snapshot.vms.count { $0.osf == osf.id }
        return [
            ("id", .number(osf.id.rawValue)), ("name", .text(osf.name)), ("tenant", .text(names.name(of: osf.tenant))),
            ("memory", .number(Int64(osf.memory.count))),
            ("cpus", osf.cpus.map { .number(Int64($0)) } ?? .none),
            ("user_disk", .number(Int64(osf.userDiskSize.count))),
            ("overlay", .text(osf.keepsOverlay ? "kept" : "fresh")), ("images", .number(Int64(images))),
            ("vms", .number(Int64(vms))),
        ]
    }
}
