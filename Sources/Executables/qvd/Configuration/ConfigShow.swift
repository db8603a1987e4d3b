import ArgumentParser
import FarmModel
import FarmStore
import SQLiteStore

struct ConfigShow: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the value of a key.", aliases: ["get"])

    @OptionGroup var farm: FarmOptions
    @Argument var key: String

    func run(in session: FarmSession) async throws {
        guard let value = try await session.store.snapshot().configuration[key] else {
            throw CommandFailure("there is no configuration key `\(key)`; `qvd config list` shows them")
        }
        print(value)
    }
}
