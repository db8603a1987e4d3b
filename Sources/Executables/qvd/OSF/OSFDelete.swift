import ArgumentParser
import FarmModel

struct OSFDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete OSFs that have no VMs and no images.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more OSFs.") var osfs: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(osfs) { name in
            let id = try await session.references().osf(name).id
            try await session.apply(.deleteOSF(id))
        }
    }
}
