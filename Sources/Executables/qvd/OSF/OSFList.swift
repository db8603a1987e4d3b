import ArgumentParser
import FarmModel

struct OSFList: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List OSFs. Sizes are in MiB.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        Listing(rows: names.snapshot.osfs.map { OSFCommand.row($0, names) }).print(output)
    }
}
