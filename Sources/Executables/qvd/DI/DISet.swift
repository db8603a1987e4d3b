import ArgumentParser
import FarmModel

struct DISet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change an image. Its tags: `qvd di tag` and `qvd di untag`.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "A number, a file, or OSF:TAG.") var image: String
    @Flag(inversion: .prefixedNo, help: "Whether VMs are kept from starting on it.") var blocked: Bool

    func run(in session: FarmSession) async throws {
        let id = try await session.references().image(image).id
        try await session.apply(.setImage(id, isBlocked: blocked))
    }
}
