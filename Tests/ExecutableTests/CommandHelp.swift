import Foundation

/// What a program says of its own verbs and options (`--experimental-dump-help`).
struct CommandHelp: Decodable {
    struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String

                var text: String { (kind == "long" ? "--" : "-") + name }
            }

            let kind: String
            let names: [Name]?
            let valueName: String?
            let isOptional: Bool
            let isRepeating: Bool
            let defaultValue: String?
            let allValues: [String]?
            let shouldDisplay: Bool
        }

        let commandName: String
        let shouldDisplay: Bool
        let subcommands: [Command]?
        let arguments: [Argument]?

        /// Those a user is told of, with the words that lead to them.
        func all(below path: [String] = []) -> [(path: [String], command: Command)] {
            guard shouldDisplay, commandName != "help" else { return [] }
            let own = path + [commandName]
            return [(own, self)] + (subcommands ?? []).flatMap { $0.all(below: own) }
        }

        var options: [String] {
            (arguments ?? []).filter(\.shouldDisplay).flatMap { $0.names ?? [] }.filter { $0.kind == "long" }
                .map(\.text)
        }
    }

    let command: Command

    static func of(_ program: String) throws -> CommandHelp {
        let process = Process()
        process.executableURL = AdministrationRig.program.deletingLastPathComponent().appending(path: program)
        process.arguments = ["--experimental-dump-help"]
        // A variable that stands in for an option would show as its default.
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("QVD_") }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSONDecoder().decode(CommandHelp.self, from: text)
    }
}
