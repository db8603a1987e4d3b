import ArgumentParser
import FarmModel

struct DICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "di", abstract: "Disk images: versions of an OSF, chosen by tag at each start.",
        discussion: "An image is named by number, by its file, or by OSF:TAG (`office:default`).",
        subcommands: [
            DIAdd.self, DIList.self, DIShow.self, DISet.self, DITag.self, DIUntag.self, DIBlock.self, DIUnblock.self,
            DIDelete.self,
        ])

    static func row(_ image: DiskImage, _ names: References) -> Listing.Row {
        let vms = names.snapshot.vms.count { $0.observation.image == image.id && $0.observation.state != .stopped }
        return [
            ("id", .number(image.id.rawValue)), ("osf", .text(names.name(of: image.osf))),
            ("version", .text(image.version)), ("tags", .list(image.tags.filter { $0 != image.version })),
            ("file", .text(image.file)), ("running", .number(Int64(vms))), ("blocked", .flag(image.isBlocked)),
        ]
    }
}
