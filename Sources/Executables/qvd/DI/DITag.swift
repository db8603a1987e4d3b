import ArgumentParser
import FarmModel

struct DITag: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Give an image a tag, taking it from the image of the OSF that has it.",
        discussion: "VMs with that tag start on this image from their next start on.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "A number, a file, or OSF:TAG.") var image: String
    @Argument(help: "`default`, `head` or any other; a version never moves.") var tag: String

    func run(in session: FarmSession) async throws {
        let id = try await session.references().image(image).id
        try await session.apply(.tagImage(id, tag: tag))
    }
}
