import ArgumentParser
import FarmModel

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
        let id = try await session.references().osf(osf).id
        try await session.apply(
            .setOSF(
                id, name: name, memory: memory?.size, cpus: cpus, userDiskSize: userDisk?.size,
                keepsOverlay: keepOverlay))
    }
}
