import ArgumentParser
import FarmModel
import Foundation
import TextEncodings

/// The farm's administration on the command line.
@main
struct QVD {
    static func main() async {
        signal(SIGPIPE, SIG_DFL)
        exit(await run(configFirst(Array(CommandLine.arguments.dropFirst()))))
    }

    /// - Returns: 0, 1 for a failure (said on standard error in one line), 2 for wrong usage.
    private static func run(_ arguments: [String]) async -> Int32 {
        do {
            var command = try QVDCommand.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch let failure as CommandFailure {
            if !failure.description.isEmpty { complain(failure) }
            return 1
        } catch {
            return report(error)
        }
    }

    private static func report(_ error: any Error) -> Int32 {
        switch QVDCommand.exitCode(for: error) {
        case .success:
            show(QVDCommand.fullMessage(for: error))
            return 0
        case .validationFailure:
            FileHandle.standardError.write(Data((QVDCommand.fullMessage(for: error) + "\n").utf8))
            return 2
        default:
            complain(error)
            return 1
        }
    }

    /// `qvd --config FILE vm list` means `qvd vm list --config FILE`: the option belongs to every verb.
    private static func configFirst(_ arguments: [String]) -> [String] {
        guard let first = arguments.first else { return arguments }
        if ["--config", "-f"].contains(first), arguments.count > 1 {
            setenv(FarmOptions.variable, arguments[1], 1)
            return Array(arguments.dropFirst(2))
        }
        guard first.hasPrefix("--config=") else { return arguments }
        setenv(FarmOptions.variable, String(first.dropFirst("--config=".count)), 1)
        return Array(arguments.dropFirst())
    }
}

/// One line on standard error.
func complain(_ error: any Error) {
    let text = (error as? AdministrationRefusal)?.commandText ?? "\(error)"
    let words = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    FileHandle.standardError.write(Data("qvd: \(ForeignText.shown(words, upTo: .max))\n".utf8))
}

/// Why a command failed, in one line, with what to do. Empty when it was said already.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

struct QVDCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qvd",
        abstract: "Administers a farm of virtual desktops.",
        discussion: """
            `qvd NOUN VERB`. It works on the farm's database itself, so it works with the daemon down; a running \
            daemon notices a change within 0.1 s. It must be run as root or by a member of the group `database.group`.

            Objects are named by name or by number. A user is LOGIN or LOGIN@TENANT (tenant `default`). An image is a \
            number, a file name, or OSF:TAG. Where two objects have the same name, the error lists their numbers; \
            `id:NUMBER` always means a number.

            Lists are tables, or JSON with --json. Exit codes: 0 done, 1 failed or refused (one line on standard error \
            says why and what to do), 2 wrong usage.

            Environment: QVD_CONFIG names the configuration file where --config does not.

            A first farm:
              qvd init --network 10.3.0.0/16 --range-start 10.3.0.100 --gateway 10.3.0.1
              qvd node add $(hostname) --address 10.3.0.1
              qvd osf add office --memory 1024 --user-disk 2048
              qvd di add office /path/to/image.qcow2
              qvd user add alice
              qvd vm add alice-1 --user alice --osf office
              qvd vm start alice-1
            """,
        subcommands: [
            InitCommand.self, UpgradeCommand.self, StatusCommand.self, TenantCommand.self, UserCommand.self,
            OSFCommand.self, DICommand.self, NodeCommand.self, VMCommand.self, PropertyCommand.self, ConfigCommand.self,
            DisksCommand.self, AuditCommand.self,
        ])
}
