import ArgumentParser
import FarmModel
import Glibc
import NodeConfiguration

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs HKD and L7R, and starts them again when they end.",
        discussion: """
            SIGTERM or SIGINT ends both and leaves every desktop running. The router's port is opened here and \
            handed down, so that no connection is refused while the router starts again; a listening socket given \
            by LISTEN_FDS (see sd_listen_fds(3)) is used instead of opening one.
            """)

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let (configuration, log) = try options.load("qvd-node")
        try RunFolders.prepare(configuration)
        let identity = try RouterIdentity(configuration)
        try await RouterCertificate.ensure(for: configuration, identity: identity, log: log)
        let listener = try ListeningSocket.inheritedOrOpened(
            address: configuration.router.address, port: configuration.router.port)
        let program = try executablePath()
        let children = [
            Supervisor.Child(
                name: "hkd", path: program, arguments: ["hkd", "--config", options.config], listener: nil, user: nil),
            Supervisor.Child(
                name: "l7r", path: program, arguments: ["l7r", "--config", options.config], listener: listener,
                user: identity),
        ]
        var supervisor = Supervisor(
            children: children, stopLimit: configuration.houseKeeper.routerStopTimeout, log: log)
        try supervisor.run()
    }

    private func executablePath() throws -> String {
        guard let path = readLink("/proc/self/exe") else {
            throw SystemFailure(errno, "finding this program's file")
        }
        return path
    }
}
