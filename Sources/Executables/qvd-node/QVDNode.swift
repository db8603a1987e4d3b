import ArgumentParser
import Logging
import NodeConfiguration

@main
struct QVDNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qvd-node",
        abstract: "Runs the virtual desktops of this node.",
        discussion: """
            `qvd-node run` is the daemon. It supervises two processes of its own: the house keeper (HKD), which \
            starts, stops and watches the node's virtual machines, and the router (L7R), which clients connect to. \
            Desktops outlive all three: they are adopted by the next start.
            """,
        subcommands: [RunCommand.self, CheckCommand.self, HouseKeeperCommand.self, RouterCommand.self])
}

/// What every subcommand takes.
struct CommonOptions: ParsableArguments {
    @Option(name: [.long, .customShort("f")], help: "The node's configuration file.")
    var config = NodeConfiguration.standardPath

    /// Reads the configuration and starts the log, which goes to standard error.
    func load(_ role: String) throws -> (NodeConfiguration, Logger) {
        let configuration = try NodeConfiguration.read(from: config)
        let level = Logger.Level(rawValue: configuration.logLevel.rawValue) ?? .info
        LoggingSystem.bootstrap { LogLines(label: $0, level: level) }
        return (configuration, Logger(label: role))
    }
}
