import ArgumentParser
import FarmModel

struct DIList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List images.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Only those of this OSF.") var osf: String?

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let only = try osf.map { try names.osf($0).id }
        let images = names.snapshot.images.filter { only == nil || $0.osf == only }
        Listing(rows: images.map { DICommand.row($0, names) }).print(output)
    }
}
