import ArgumentParser
import FarmModel
import FarmStore
import SQLiteStore

struct ConfigAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Set a key that is not set yet.")

    @OptionGroup var farm: FarmOptions
    @Argument var key: String
    @Argument var value: String

    func run(in session: FarmSession) async throws {
        guard try await session.store.snapshot().configuration[key] == nil else {
            throw CommandFailure("`\(key)` is set already; change it with `qvd config set`")
        }
        try await session.apply(.setConfiguration(key: key, value: value))
    }
}
