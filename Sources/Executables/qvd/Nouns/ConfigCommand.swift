import ArgumentParser
import FarmModel
import FarmServices
import FarmStore
import SQLiteStore

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Configuration of the whole farm, kept in its database.",
        discussion: "What concerns one node is in its file; `qvd init --sample` prints one.",
        subcommands: [ConfigSet.self, ConfigAdd.self, ConfigList.self, ConfigShow.self, ConfigDelete.self])
}

struct ConfigSet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Set a key.")

    @OptionGroup var farm: FarmOptions
    @Argument var key: String
    @Argument var value: String

    func run(in session: FarmSession) async throws {
        try await session.farm.apply(.setConfiguration(key: key, value: value))
    }
}

struct ConfigAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Set a key that is not set yet.")

    @OptionGroup var farm: FarmOptions
    @Argument var key: String
    @Argument var value: String

    func run(in session: FarmSession) async throws {
        guard try await session.farm.configuration()[key] == nil else {
            throw CommandFailure("`\(key)` is set already; change it with `qvd config set`")
        }
        try await session.farm.apply(.setConfiguration(key: key, value: value))
    }
}

struct ConfigList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List all keys.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        let configuration = try await session.farm.configuration().sorted { $0.key < $1.key }
        Listing(rows: configuration.map { [("key", .text($0.key)), ("value", .text($0.value))] }).print(output)
    }
}

struct ConfigShow: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the value of a key.", aliases: ["get"])

    @OptionGroup var farm: FarmOptions
    @Argument var key: String

    func run(in session: FarmSession) async throws {
        guard let value = try await session.farm.configuration()[key] else {
            throw CommandFailure("there is no configuration key `\(key)`; `qvd config list` shows them")
        }
        showValue(value)
    }
}

struct ConfigDelete: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Take a key away.")

    @OptionGroup var farm: FarmOptions
    @Argument var key: String

    func run(in session: FarmSession) async throws { try await session.farm.apply(.deleteConfiguration(key: key)) }
}
