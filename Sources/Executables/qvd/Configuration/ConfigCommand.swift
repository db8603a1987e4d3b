import ArgumentParser

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Configuration of the whole farm, kept in its database.",
        discussion: "What concerns one node is in its file; `qvd init --sample` prints one.",
        subcommands: [ConfigSet.self, ConfigAdd.self, ConfigList.self, ConfigShow.self, ConfigDelete.self])
}
