import ArgumentParser
import Foundation
import TextEncodings

/// Shows a user their desktop.
@main
struct QVDClient: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qvd-client",
        abstract: "Show your desktop.",
        discussion: """
            Logs in to the server, starts your desktop if it is not running, and shows it through nxproxy on the X \
            display. Close the window and the session waits for you; connect again, from anywhere, and it is where it \
            was. The first time, compare the server's fingerprint with what your administrator says.

            Exit status: 0 done; 1 failed; 2 login refused; 3 certificate refused; 4 taken over by another of your \
            clients; 64 wrong usage; 130 interrupted.
            """)

    @OptionGroup(title: "Server") var server: ServerOptions
    @OptionGroup(title: "Desktop") var view: ViewOptions

    @Option(
        name: [.long, .customLong("vm-id")], help: ArgumentHelp("Which of your desktops.", valueName: "name or number"))
    var desktop: String?

    @Flag(name: [.long, .customLong("list-vms")], help: "List your desktops and leave.")
    var list = false

    @Flag(help: "With --list: as JSON.")
    var json = false

    @Flag(help: "Shut the desktop down and leave.")
    var stop = false

    func validate() throws {
        guard !(list && stop) else { throw ValidationError("--list and --stop exclude each other") }
    }

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let terminal = Terminal()
        let environment = ProcessInfo.processInfo.environment
        let address = try server.address(environment)
        let trust = CertificateTrust(
            server: address.name, policy: try server.policy(environment), accepted: try server.fingerprint(),
            known: KnownServers(path: server.knownServers), terminal: terminal)
        let work = Task {
            let login = try await Login.read(server, environment, terminal)
            let account = Account(address: address, login: login, trust: trust, terminal: terminal)
            try await self.serve(account, environment, terminal)
        }
        let signals = Interruption { work.cancel() }
        defer { signals.end() }
        do {
            try await work.value
        } catch {
            guard let failure = Self.failure(error, wasInterrupted: signals.happened) else { throw error }
            terminal.say("qvd-client: \(failure)")
            throw ExitCode(failure.kind.rawValue)
        }
    }

    private func serve(_ account: Account, _ environment: [String: String], _ terminal: Terminal) async throws {
        if list {
            let desktops = try await account.desktops()
            terminal.show(
                json
                    ? "[" + desktops.map(\.asJSON.encoded).joined(separator: ",") + "]"
                    : desktops.isEmpty ? "you have no desktop" : desktops.map(\.asLine).joined(separator: "\n"))
            return
        }
        let chosen = try await account.choose(desktop)
        if stop { return try await account.stop(chosen) }
        try await Viewer(account: account, desktop: chosen, view: view, environment: environment, terminal: terminal)
            .run()
    }

    private static func failure(_ error: any Error, wasInterrupted: Bool) -> ClientFailure? {
        if wasInterrupted { return ClientFailure("interrupted", kind: .interrupted) }
        if error is ValidationError || error is ExitCode { return nil }
        return error as? ClientFailure ?? ClientFailure("\(error)")
    }
}
