import ArgumentParser
import FarmModel

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
        let tenant = try await session.references().tenant(tenant)
        let command = AdministrationCommand.addOSF(
            tenant: tenant.id, name: name, memory: memory.size, cpus: cpus,
            userDiskSize: userDisk?.size ?? Mebibytes(0), keepsOverlay: keepOverlay)
        guard case .osf(let id) = try await session.apply(command) else { return }
        print("made OSF \(id) (\(name))")
    }
}
