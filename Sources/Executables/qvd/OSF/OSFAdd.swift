import ArgumentParser
import FarmModel

struct OSFAdd: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Make an OSF.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "Up to 64 characters.") var name: String
    @Option(help: "The tenant that owns it.") var tenant = "default"
    @Option(help: ArgumentHelp("Memory of each VM in MiB, or with G.", valueName: "size")) var memory: SizeArgument
    @Option(help: ArgumentHelp("Size of each user disk in MiB, or with G or T; 0 for none.", valueName: "size"))
    var userDisk: SizeArgument?
    @Flag(help: "Keep a VM's overlay until its image changes, instead of making it fresh at each start.")
    var keepOverlay = false

    func run(in session: FarmSession) async throws {
        let tenant = try await session.references().tenant(tenant)
        let command = AdministrationCommand.addOSF(
            tenant: tenant.id, name: name, memory: memory.size, userDiskSize: userDisk?.size ?? Mebibytes(0),
            keepsOverlay: keepOverlay)
        guard case .osf(let id) = try await session.apply(command) else { return }
        print("made OSF \(id) (\(name))")
    }
}
