import ArgumentParser
import FarmModel

struct ConfigSet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set a key.")

    @OptionGroup var farm: FarmOptions
    @Argument var key: String
    @Argument var value: String

    func run(in session: FarmSession) async throws {
        try await session.apply(.setConfiguration(key: key, value: value))
    }
}
