import ArgumentParser
import FarmModel

struct DIUntag: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "untag", abstract: "Take a tag from an image; not its version, `head` or `default`.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "A number, a file, or OSF:TAG.") var image: String
    @Argument var tag: String

    func run(in session: FarmSession) async throws {
        let id = try await session.references().image(image).id
        try await session.apply(.untagImage(id, tag: tag))
    }
}
