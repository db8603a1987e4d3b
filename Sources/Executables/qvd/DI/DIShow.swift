import ArgumentParser
import FarmModel
import NodeConfiguration

struct DIShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show an image.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "A number, a file, or OSF:TAG.") var image: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let image = try names.image(image)
        var row = DICommand.row(image, names)
        row.append(("path", .text("\(session.configuration.paths.images)/\(image.file)")))
        row.append(PropertyCommand.field(.image(image.id), names))
        Listing(rows: [row]).printObject(output)
    }
}
