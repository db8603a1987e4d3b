import ArgumentParser
import FarmModel

struct DIBlock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep VMs from starting on an image.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more images.") var images: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(images) { name in
            let id = try await session.references().image(name).id
            try await session.apply(.setImage(id, isBlocked: true))
        }
    }
}
