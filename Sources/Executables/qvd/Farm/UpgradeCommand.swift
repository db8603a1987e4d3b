import ArgumentParser
import NodeConfiguration
import SQLiteStore

struct UpgradeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade", abstract: "Bring the database's schema to this version of QVD.",
        discussion: "Stop qvd-node first. Each step is one transaction; a step that fails leaves the one before.")

    @OptionGroup var farm: FarmOptions

    mutating func run() async throws {
        let path = try NodeConfiguration.read(from: farm.config).paths.database
        let steps = try await SQLiteStore.upgrade(at: path)
        let ran = steps.map(String.init).joined(separator: ", ")
        show(steps.isEmpty ? "schema \(SQLiteStore.schemaNumber) is the newest" : "ran migrations \(ran)")
    }
}
