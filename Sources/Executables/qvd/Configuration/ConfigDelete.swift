import ArgumentParser
import FarmModel

struct ConfigDelete: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Take a key away.")

    @OptionGroup var farm: FarmOptions
    @Argument var key: String

    func run(in session: FarmSession) async throws { try await session.apply(.deleteConfiguration(key: key)) }
}
