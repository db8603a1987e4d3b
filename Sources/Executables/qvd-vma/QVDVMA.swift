import ArgumentParser
import FarmModel
import Glibc
import GuestControl
import GuestProtocol

@main
struct QVDVMA: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qvd-vma",
        abstract: "The agent inside a QVD virtual machine: starts, suspends, resumes and stops its X session.",
        discussion: """
            Answers GET /vma/{ping,x_start,x_state,x_suspend,x_stop,poweroff} to whoever shows the secret of this
            virtual machine, which the node hands over as a file.
            """,
        version: "0.1.0")

    @Option(help: "The address to listen on.")
    var listen = "0.0.0.0"
    @Option(help: "The port to listen on.")
    var port = AgentCall.port
    @Option(help: "The file with the secret that requests must show.")
    var secretFile = "/sys/firmware/qemu_fw_cfg/by_name/opt/qvd/secret/raw"
    @Flag(help: "Without a secret file, answer everybody: for nodes of the original QVD, which have no secret.")
    var acceptOriginal = false
    @Option(help: "The program of the session, run as the user.")
    var session = "/etc/qvd/session"
    @Option(help: "The user disk, mounted on the home folder; an empty one is formatted. 'none' for none.")
    var homeDisk = "/dev/vdb"
    @Option(help: "The folder of the homes.")
    var homeFolder = "/home"
    @Option(help: "The folder of passwd, group and shadow.")
    var accountFolder = "/etc"
    @Option(help: "The folder of the agent's own files.")
    var runFolder = "/run/qvd"
    @Option(help: "The display of nxagent; its port is 4000 more.")
    var display = 100
    @Option(help: "LANG of the session.")
    var language = "C.UTF-8"
    @Option(help: "The command that powers the guest off.")
    var poweroffCommand = "/sbin/poweroff"
    @Option(help: "Seconds until nxagent must listen.")
    var startingLimit = 20
    @Option(help: "Seconds until a client must be connected to nxagent.")
    var listeningLimit = 30
    @Option(help: "Seconds for nxagent to suspend.")
    var suspendingLimit = 20
    @Option(help: "Seconds for nxagent to end.")
    var stoppingLimit = 20

    func validate() throws {
        guard (1...65_535).contains(port) else { throw ValidationError("--port is a number from 1 to 65535.") }
        guard (1...999).contains(display) else { throw ValidationError("--display is a number from 1 to 999.") }
        for folder in [homeFolder, accountFolder, runFolder] {
            let isPlain = folder.allSatisfy { sign in
                sign.isASCII && (sign.isLetter || sign.isNumber || "/._-".contains(sign))
            }
            guard folder.hasPrefix("/"), !folder.hasSuffix("/"), folder.utf8.count <= 200, isPlain else {
                throw ValidationError(
                    "A folder is an absolute path of letters, digits and ._- without a slash at its end.")
            }
        }
        for limit in [startingLimit, listeningLimit, suspendingLimit, stoppingLimit] {
            guard (1...3600).contains(limit) else {
                throw ValidationError("A limit is a number of seconds from 1 to 3600.")
            }
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        guard geteuid() == 0 else {
            throw AgentFailure("qvd-vma needs root: it mounts the user's disk and starts the session as the user")
        }
        var configuration = AgentConfiguration()
        configuration.secret = try readSecret()
        configuration.display = display
        configuration.runFolder = runFolder
        configuration.session = session
        configuration.homeDisk = homeDisk == "none" ? nil : homeDisk
        configuration.homeFolder = homeFolder
        configuration.accountFolder = accountFolder
        configuration.skeleton = "\(accountFolder)/skel"
        configuration.language = language
        configuration.powerOffCommand = poweroffCommand.split(separator: " ").map(String.init)
        configuration.limits.starting = .seconds(startingLimit)
        configuration.limits.listening = .seconds(listeningLimit)
        configuration.limits.suspending = .seconds(suspendingLimit)
        configuration.limits.stopping = .seconds(stoppingLimit)
        try AgentServer(configuration: configuration, host: listen, port: port).run()
    }

    /// Nil only when there is no file and the switch allows it.
    private func readSecret() throws -> AgentSecret? {
        guard let bytes = try GuestFile.read(secretFile, limit: 4096) else {
            if acceptOriginal {
                AgentLog.warning("there is no \(secretFile): answering everybody, as --accept-original allows")
                return nil
            }
            throw AgentFailure(
                "there is no secret in \(secretFile). Does the node hand it over, and is the module qemu_fw_cfg"
                    + " loaded? For a node of the original QVD use --accept-original")
        }
        let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace && $0 != "\0" }
        guard text.utf8.count >= 32, text.unicodeScalars.allSatisfy({ $0.properties.isASCIIHexDigit }) else {
            throw AgentFailure("\(secretFile) holds no secret: expected 32 hexadecimal digits or more")
        }
        return AgentSecret(text)
    }
}
