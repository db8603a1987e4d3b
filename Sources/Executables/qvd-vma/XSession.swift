import FarmModel
import Glibc
import GuestControl
import GuestProtocol

/// nxagent and the session program: starts, signals and watches them. Not thread-safe; its keeper is.
struct XSession {
    let configuration: AgentConfiguration
    private(set) var notes: SessionNotes?
    private(set) var nxagent: ProcessIdentity?
    private(set) var program: ProcessIdentity?

    init(configuration: AgentConfiguration) { self.configuration = configuration }

    /// The largest log before it is cut, in bytes: it lies in the guest's memory.
    private static let logMax: off_t = 1 << 20

    // MARK: Start

    /// Clears what an earlier session or boot left, writes the files of a new one and starts nxagent.
    mutating func launch(_ request: SessionRequest, as account: SessionAccount) throws(AgentFailure) {
        guard access(configuration.session, X_OK) == 0 else {
            throw AgentFailure("there is no program \(configuration.session) to run in the session")
        }
        notes = SessionNotes(account: account, variables: request.variables)
        nxagent = nil
        program = nil
        // With a kept overlay these outlive a boot, and nxagent refuses to start beside them.
        for path in [
            "\(configuration.temporaryFolder)/.X\(configuration.display)-lock",
            "\(configuration.temporaryFolder)/.X11-unix/X\(configuration.display)",
            configuration.stateFile, configuration.nxagentProcess, configuration.programProcess,
        ] { try GuestFile.remove(path) }
        try GuestFile.folder(configuration.runFolder, mode: 0o755)
        // A user may have left something else of that name on a kept overlay.
        unlink("\(configuration.temporaryFolder)/.X11-unix")
        try GuestFile.folder("\(configuration.temporaryFolder)/.X11-unix", mode: 0o1777)
        for folder in [configuration.nxFolder, configuration.runtimeFolder] {
            try GuestFile.folder(folder, mode: 0o700, user: account.user, group: account.group)
        }
        let cookie = NXCookie.random()
        try GuestFile.write(
            XAuthority.file(display: configuration.display, cookie: cookie), to: configuration.clientAuthority,
            mode: 0o600, user: account.user, group: account.group)
        try write(request, sessionCookie: cookie, for: account)
        try GuestFile.write(
            Array(SessionNotes(account: account, variables: request.variables).fileText.utf8),
            to: configuration.environmentFile, mode: 0o600)
        nxagent = try start(
            [
                "nxagent", "-D", "-auth", configuration.serverAuthority, "-nolisten", "tcp", "-name", "QVD",
                "-options", configuration.optionsFile, ":\(configuration.display)",
            ],
            environment: [
                "DISPLAY": NXOptions.display(
                    optionsFile: configuration.optionsFile, display: configuration.display),
                "XAUTHORITY": configuration.serverAuthority,
                // nxagent's own dialogs: without this it looks for a program that no Debian has.
                "NX_CLIENT": "/bin/false",
            ], log: configuration.nxagentLog, note: configuration.nxagentProcess, as: account)
    }

    /// Hands the new client's options over; nxagent reads them when it is told to resume.
    func resume(_ request: SessionRequest) throws(AgentFailure) {
        guard let account = notes?.account,
            let file = try GuestFile.read(configuration.clientAuthority, limit: 4096),
            let cookie = XAuthority.cookie(of: file)
        else { throw AgentFailure("resume: \(configuration.clientAuthority) is not what this agent wrote") }
        try write(request, sessionCookie: cookie, for: account)
        signal(SIGHUP)
    }

    /// The only files with cookies: the user's, 0600, in a folder that is root's.
    private func write(
        _ request: SessionRequest, sessionCookie: NXCookie, for account: SessionAccount
    ) throws(AgentFailure) {
        let place = NXOptions.Place(
            root: configuration.nxFolder, stateFile: configuration.stateFile, accepts: request.accepts,
            display: configuration.display)
        let authority = XAuthority.serverFile(
            display: configuration.display, session: sessionCookie, client: request.options.cookie)
        try GuestFile.write(
            authority, to: configuration.serverAuthority, mode: 0o600, user: account.user, group: account.group)
        try GuestFile.write(
            Array(request.options.line(at: place).utf8), to: configuration.optionsFile, mode: 0o600,
            user: account.user, group: account.group)
    }

    /// Starts the session program as the user, once the display can be drawn on.
    mutating func startProgram() throws(AgentFailure) {
        guard let notes else { return }
        var environment = notes.variables
        environment["DISPLAY"] = ":\(configuration.display)"
        environment["XAUTHORITY"] = configuration.clientAuthority
        program = try start(
            [configuration.session], environment: environment, log: configuration.sessionLog,
            note: configuration.programProcess, as: notes.account)
    }

    private func start(
        _ arguments: [String], environment: [String: String], log path: String, note: String,
        as account: SessionAccount
    ) throws(AgentFailure) -> ProcessIdentity? {
        let common = [
            "HOME": account.home, "USER": account.name, "LOGNAME": account.name, "SHELL": account.shell,
            "LANG": configuration.language, "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games",
            "XDG_RUNTIME_DIR": configuration.runtimeFolder,
        ]
        let settings = environment.merging(common) { given, _ in given }.sorted { $0.key < $1.key }
        let log = try GuestFile.log(path)
        defer { close(log) }
        let id = try GuestProgram.start(
            arguments, environment: settings.map { "\($0.key)=\($0.value)" }, as: account, folder: account.home,
            output: log)
        // One that has ended already is found dead at the next look.
        let process = try GuestProcess.identify(id) ?? ProcessIdentity(id: id, started: 0)
        try GuestFile.write(Array(process.fileText(boot: boot()).utf8), to: note, mode: 0o600)
        return process
    }

    // MARK: Adoption

    /// Finds the session that a predecessor of this agent started. False when there is none.
    mutating func adopt() throws(AgentFailure) -> Bool {
        let boot = try boot()
        guard let file = try GuestFile.text(configuration.nxagentProcess),
            let found = ProcessIdentity(file: file, boot: boot), GuestProcess.isAlive(found),
            let text = try GuestFile.text(configuration.environmentFile),
            let notes = SessionNotes(file: text)
        else { return false }
        nxagent = found
        self.notes = notes
        program = try GuestFile.text(configuration.programProcess).flatMap {
            ProcessIdentity(file: $0, boot: boot)
        }
        return true
    }

    /// A kept overlay remembers processes of an earlier boot, whose ids and times may come again.
    private func boot() throws(AgentFailure) -> String {
        try GuestFile.text("/proc/sys/kernel/random/boot_id", limit: 64) ?? ""
    }

    // MARK: Watch and signal

    /// - Parameter isStarting: whether it matters that nxagent listens; the kernel's tables are long to read.
    func observe(isStarting: Bool) throws(AgentFailure) -> GuestSessionMachine.Observation {
        let file = try GuestFile.read(configuration.stateFile, limit: NXAgentState.fileLengthMax + 1)
        cut(configuration.nxagentLog)
        cut(configuration.sessionLog)
        return GuestSessionMachine.Observation(
            isAlive: GuestProcess.isAlive(nxagent), state: file.flatMap { NXAgentState(file: $0) },
            isListening: isStarting ? try isListening() : false,
            isProgramAlive: GuestProcess.isAlive(program))
    }

    private func isListening() throws(AgentFailure) -> Bool {
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            let text = try GuestFile.text(table) ?? ""
            if ListeningPorts.read(text).contains(configuration.port) { return true }
        }
        return false
    }

    func signal(_ number: Int32) { GuestProcess.signal(nxagent, number) }

    /// Ends what the session program left. Windows are gone already, with their server.
    mutating func stopProgram() {
        GuestProcess.signalGroup(program, SIGTERM)
        program = nil
    }

    /// The last words of nxagent, for an error.
    func lastWords() -> String {
        do throws(AgentFailure) {
            let text = try GuestFile.text(configuration.nxagentLog) ?? ""
            let lines = text.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("Error") || $0.contains("rror:") }
            return lines.suffix(2).joined(separator: "; ")
        } catch {
            return error.description
        }
    }

    /// Both programs append: what they write next begins the file anew.
    private func cut(_ log: String) {
        var status = stat()
        guard lstat(log, &status) == 0, status.st_size > Self.logMax else { return }
        truncate(log, 0)
    }
}

/// What one `x_start` asks for.
struct SessionRequest: Sendable, Equatable {
    var options: NXOptions
    /// The only address whose connection nxagent may take.
    var accepts: IPv4Address?
    var wantedUser: String?
    /// For the session program.
    var variables: [String: String]

    /// - Parameter peer: who asks; its address counts when the request names no router, as the original's do not.
    init(parameters: [String: String], peer: IPv4Address?) throws(GuestProtocolError) {
        options = try NXOptions(parameters: parameters)
        accepts = peer
        if let text = parameters[SessionParameter.routerAddress] {
            guard let address = IPv4Address(text) else {
                throw GuestProtocolError(
                    "session parameter \(SessionParameter.routerAddress)", "not allowed; expected an IPv4 address")
            }
            accepts = address
        }
        wantedUser = parameters[SessionParameter.userName].flatMap { $0.isEmpty ? nil : $0 }
        let custom = SessionEnvironment.variables(of: parameters)
        variables = custom.variables
        for name in custom.leftOut {
            AgentLog.warning("property \(name) is not handed to the session: not printable, or too long")
        }
    }
}

extension NXCookie {
    static func random() -> NXCookie {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        guard let cookie = NXCookie(bytes: bytes) else { preconditionFailure("16 bytes are a cookie") }
        return cookie
    }
}
