import ArgumentParser
import FarmModel

struct OSFShow: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an OSF. Sizes are in MiB.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument var osf: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let osf = try names.osf(osf)
        var row = OSFCommand.row(osf, names)
        let tags = names.snapshot.images.filter { $0.osf == osf.id }.flatMap(\.tags)
        row.append(("tags", .list(tags.sorted())))
        row.append(PropertyCommand.field(.osf(osf.id), names))
        Listing(rows: [row]).printObject(output)
    }
}
