import ArgumentParser
import FarmModel
import FarmServices
import FarmPorts
import Foundation
import ImageDisks
import NodeConfiguration

struct DICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "di", abstract: "Disk images: versions of an OSF, chosen by tag at each start.",
        discussion: "An image is named by number, by its file, or by OSF:TAG (`office:default`).",
        subcommands: [
            DIAdd.self, DIList.self, DIShow.self, DISet.self, DITag.self, DIUntag.self, DIBlock.self, DIUnblock.self,
            DIDelete.self,
        ])

    static func row(_ listing: ImageListing) -> Listing.Row {
        let image = listing.image
        return [
            ("id", .number(image.id.rawValue)), ("osf", .text(listing.osf)),
            ("version", .text(image.version)), ("tags", .list(image.tags.filter { $0 != image.version })),
            ("file", .text(image.file)), ("running", .number(Int64(listing.running))),
            ("blocked", .flag(image.isBlocked)),
        ]
    }
}

struct DIAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add an image to an OSF.",
        discussion: """
            Copies the file into the image folder, and with x.qcow2 also x.kernel and x.initrd if both lie beside it: \
            then they are what the VM boots. The image must stand alone: one that names other files (a backing file, \
            a data file) or is encrypted is refused with the command that makes a whole one of it. A file without a \
            format is a raw image when its name ends with .raw or .img. The new image gets the tag `head`, and \
            `default` if the OSF has none with it; its version is YYYY-MM-DD-NNN unless you name it.
            """)

    @OptionGroup var farm: FarmOptions
    @Argument(help: "The OSF that this is a version of.") var osf: String
    @Argument(help: "A qcow2 or raw disk image.") var file: String
    @Option(help: "The version, a tag that never moves.") var version: String?

    func run(in session: FarmSession) async throws {
        let osf = try await session.farm.osf(osf).osf
        // Before the copy, which may take minutes.
        let siblings = try await session.farm.images(ImageFilter(osf: osf.id))
        if let version, siblings.contains(where: { $0.image.tags.contains(version) }) {
            throw CommandFailure("OSF `\(osf.name)` already has a version or tag `\(version)`; choose another")
        }
        let copy = ImageCopy(
            source: URL(fileURLWithPath: file), folder: URL(fileURLWithPath: session.configuration.paths.images))
        let name = try copy.run()
        do {
            let facts = try await session.disks().inspect(imageFile: name)
            let command = AdministrationCommand.addImage(
                osf: osf.id, file: name, version: version, day: dayText(session.now))
            guard case .image(let id) = try await session.farm.apply(command) else { return }
            let image = try await session.farm.image("id:\(id)").image
            show(
                "made image \(id) of \(osf.name): version \(image.version), file \(name), \(facts.format.rawValue),"
                    + " \(sizeText(facts.virtualSize))")
        } catch {
            // An answer that was lost may have been a yes; then the file stays for its row.
            if (error as? PortError)?.effect != .outcomeUnknown { copy.remove(name) }
            throw error
        }
    }
}

struct DIList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List images.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Only those of this OSF.") var osf: String?

    func run(in session: FarmSession) async throws {
        var filter = ImageFilter()
        if let osf { filter.osf = try await session.farm.osf(osf).osf.id }
        Listing(rows: try await session.farm.images(filter).map(DICommand.row)).print(output)
    }
}

struct DIShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show an image.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A number, a file, or OSF:TAG.") var image: String

    func run(in session: FarmSession) async throws {
        let listing = try await session.farm.image(image)
        let image = listing.image
        var row = DICommand.row(listing)
        row.append(("path", .text("\(session.configuration.paths.images)/\(image.file)")))
        row.append(try await session.properties(of: .image(image.id)))
        Listing(rows: [row]).printObject(output)
    }
}

struct DISet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change an image. Its tags: `qvd di tag` and `qvd di untag`.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "A number, a file, or OSF:TAG.") var image: String
    @Flag(inversion: .prefixedNo, help: "Whether VMs are kept from starting on it.") var blocked: Bool

    func run(in session: FarmSession) async throws {
        let id = try await session.farm.image(image).image.id
        try await session.farm.apply(.setImage(id, isBlocked: blocked))
    }
}

struct DITag: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Give an image a tag, taking it from the image of the OSF that has it.",
        discussion: "VMs with that tag start on this image from their next start on.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "A number, a file, or OSF:TAG.") var image: String
    @Argument(help: "`default`, `head` or any other; a version never moves.") var tag: String

    func run(in session: FarmSession) async throws {
        let id = try await session.farm.image(image).image.id
        try await session.farm.apply(.tagImage(id, tag: tag))
    }
}

struct DIUntag: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "untag", abstract: "Take a tag from an image; not its version, `head` or `default`.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "A number, a file, or OSF:TAG.") var image: String
    @Argument var tag: String

    func run(in session: FarmSession) async throws {
        let id = try await session.farm.image(image).image.id
        try await session.farm.apply(.untagImage(id, tag: tag))
    }
}

struct DIBlock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep VMs from starting on an image.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more images.") var images: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(images) { name in
            let id = try await session.farm.image(name).image.id
            try await session.farm.apply(.setImage(id, isBlocked: true))
        }
    }
}

struct DIUnblock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let VMs start on an image again.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more images.") var images: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(images) { name in
            let id = try await session.farm.image(name).image.id
            try await session.farm.apply(.setImage(id, isBlocked: false))
        }
    }
}

struct DIDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete images that no VM runs on or would start on, with their files.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more images: numbers, files, or OSF:TAG.") var images: [String]
    @Flag(help: "Leave the file in the image folder.") var keepFile = false

    func run(in session: FarmSession) async throws {
        try await session.forEach(images) { name in
            let image = try await session.farm.image(name).image
            try await session.farm.apply(.deleteImage(image.id))
            let folder = URL(fileURLWithPath: session.configuration.paths.images)
            if !keepFile { ImageCopy(source: folder, folder: folder).remove(image.file) }
        }
    }
}
