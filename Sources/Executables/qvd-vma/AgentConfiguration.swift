import FarmModel
import GuestControl

/// Where everything is in this guest. The defaults are those of a real one; tests have others.
struct AgentConfiguration: Sendable {
    var secret: AgentSecret?
    var display = 100
    /// The agent's own files: options, authority files, logs, process ids.
    var runFolder = "/run/qvd"
    /// X's lock and sockets.
    var temporaryFolder = "/tmp"
    /// The session program.
    var session = "/etc/qvd/session"
    /// The user disk; nil when homes live on the overlay by wish.
    var homeDisk: String? = "/dev/vdb"
    var homeFolder = "/home"
    /// Folder of passwd, group and shadow.
    var accountFolder = "/etc"
    var skeleton = "/etc/skel"
    var language = "C.UTF-8"
    var powerOffCommand = ["/sbin/poweroff"]
    var limits = GuestSessionLimits()
    /// How long `x_start` waits for the provisioning to end before it answers `starting`: an error is then still
    /// an answer to `x_start`. Less than the 4 s that a router waits for an agent.
    var startPatience: Duration = .milliseconds(2500)

    var port: Int { 4000 + display }

    /// nxagent's options, 0600, the user's, in a folder that is root's.
    var optionsFile: String { "\(runFolder)/nxagent.options" }
    /// What nxagent itself reads: the cookie it admits X clients with, and the one it shows the user's display.
    var serverAuthority: String { "\(runFolder)/nxagent.authority" }
    /// What X clients read.
    var clientAuthority: String { "\(runFolder)/session.authority" }
    /// The only folder here that is the user's: nxagent writes its state and its logs into it.
    var nxFolder: String { "\(runFolder)/nx" }
    var stateFile: String { "\(nxFolder)/state" }
    var runtimeFolder: String { "\(runFolder)/runtime" }
    var nxagentLog: String { "\(runFolder)/nxagent.log" }
    var sessionLog: String { "\(runFolder)/session.log" }
    var nxagentProcess: String { "\(runFolder)/nxagent.process" }
    var programProcess: String { "\(runFolder)/session.process" }
    /// The session's environment, for an agent that was started anew.
    var environmentFile: String { "\(runFolder)/session.environment" }
}
