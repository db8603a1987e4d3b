import ArgumentParser
import FarmModel
import FarmServices

struct OSFCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "osf", abstract: "Operating system flavours: what a kind of desktop has in common.",
        subcommands: [OSFAdd.self, OSFList.self, OSFShow.self, OSFSet.self, OSFDelete.self])

    static func row(_ listing: OSFListing) -> Listing.Row {
        let osf = listing.osf
        return [
            ("id", .number(osf.id.rawValue)), ("name", .text(osf.name)), ("tenant", .text(listing.tenant)),
            ("memory", .number(Int64(osf.memory.count))),
            ("cpus", osf.cpus.map { .number(Int64($0)) } ?? .none),
            ("user_disk", .number(Int64(osf.userDiskSize.count))),
            ("overlay", .text(osf.keepsOverlay ? "kept" : "fresh")), ("images", .number(Int64(listing.images))),
            ("vms", .number(Int64(listing.vms))),
        ]
    }
}

struct OSFAdd: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Make an OSF.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "Up to 64 characters.") var name: String
    @Option(help: "The tenant that owns it.") var tenant = "default"
    @Option(help: ArgumentHelp("Memory of each VM in MiB, or with G.", valueName: "size")) var memory: SizeArgument
    @Option(help: ArgumentHelp("Virtual CPUs of each VM, 1 to 255; 0 for what its node says.", valueName: "count"))
    var cpus = 0
    @Option(help: ArgumentHelp("Size of each user disk in MiB, or with G or T; 0 for none.", valueName: "size"))
    var userDisk: SizeArgument?
    @Flag(help: "Keep a VM's overlay until its image changes, instead of making it fresh at each start.")
    var keepOverlay = false

    func run(in session: FarmSession) async throws {
        let tenant = try await session.farm.tenant(tenant).tenant
        let command = AdministrationCommand.addOSF(
            tenant: tenant.id, name: name, memory: memory.size, cpus: cpus,
            userDiskSize: userDisk?.size ?? Mebibytes(0), keepsOverlay: keepOverlay)
        guard case .osf(let id) = try await session.farm.apply(command) else { return }
        show("made OSF \(id) (\(name))")
    }
}

struct OSFList: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List OSFs. Sizes are in MiB.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        Listing(rows: try await session.farm.osfs().map(OSFCommand.row)).print(output)
    }
}

struct OSFShow: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an OSF. Sizes are in MiB.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument var osf: String

    func run(in session: FarmSession) async throws {
        let listing = try await session.farm.osf(osf)
        let osf = listing.osf
        var row = OSFCommand.row(listing)
        let tags = try await session.farm.images(ImageFilter(osf: osf.id)).flatMap(\.image.tags)
        row.append(("tags", .list(tags.sorted())))
        row.append(try await session.properties(of: .osf(osf.id)))
        Listing(rows: [row]).printObject(output)
    }
}

struct OSFSet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change an OSF. Running VMs notice at their next start.")

    @OptionGroup var farm: FarmOptions
    @Argument var osf: String
    @Option(help: "A new name.") var name: String?
    @Option(help: ArgumentHelp("Memory of each VM in MiB, or with G.", valueName: "size")) var memory: SizeArgument?
    @Option(help: ArgumentHelp("Virtual CPUs of each VM, 1 to 255; 0 for what its node says.", valueName: "count"))
    var cpus: Int?
    @Option(help: ArgumentHelp("Size of user disks made from now on; those that exist stay.", valueName: "size"))
    var userDisk: SizeArgument?
    @Flag(inversion: .prefixedNo, help: "Whether overlays are kept until the image changes.") var keepOverlay: Bool?

    func validate() throws {
        guard name != nil || memory != nil || cpus != nil || userDisk != nil || keepOverlay != nil else {
            throw ValidationError("say what to change: --name, --memory, --cpus, --user-disk, --keep-overlay")
        }
    }

    func run(in session: FarmSession) async throws {
        let id = try await session.farm.osf(osf).osf.id
        try await session.farm.apply(
            .setOSF(
                id, name: name, memory: memory?.size, cpus: cpus, userDiskSize: userDisk?.size,
                keepsOverlay: keepOverlay))
    }
}

struct OSFDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete OSFs that have no VMs and no images.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more OSFs.") var osfs: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(osfs) { name in
            let id = try await session.farm.osf(name).osf.id
            try await session.farm.apply(.deleteOSF(id))
        }
    }
}
