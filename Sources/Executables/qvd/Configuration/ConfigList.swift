import ArgumentParser
import FarmModel
import FarmStore
import SQLiteStore

struct ConfigList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List all keys.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        let configuration = try await session.store.snapshot().configuration.sorted { $0.key < $1.key }
        Listing(rows: configuration.map { [("key", .text($0.key)), ("value", .text($0.value))] }).print(output)
    }
}
