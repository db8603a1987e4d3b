import FarmModel
import Foundation
import GuestControl
import GuestProtocol
import NodeRig
import Synchronization
import XCTest

/// A guest without a machine: `qvd-vma` in mount and process namespaces of its own, with empty /tmp, /home and
/// /run, accounts of its own and perhaps a user disk on a loop device; beside it the user's display and nxproxy.
final class GuestRig: Sendable {
    let folder: String
    let secret: String
    /// The user disk, or nil.
    let disk: String?
    /// Process 1 of the namespace, as seen from here. Its end is the end of all in it.
    private let first: pid_t
    private let holder: pid_t
    /// What waits outside for a program that was started here, by its name.
    private let waiting = Mutex<[String: pid_t]>([:])

    /// The folder of the homes when there is a user disk: below /home, which is a mount of its own here.
    static let homes = "/home/disk"
    static let port: UInt16 = 3030
    static let cookie = "0123456789abcdef0123456789abcdef"
    static let otherCookie = "fedcba9876543210fedcba9876543210"

    private init(folder: String, secret: String, disk: String?, holder: pid_t, first: pid_t) {
        self.folder = folder
        self.secret = secret
        self.disk = disk
        self.holder = holder
        self.first = first
    }

    /// - Parameter diskMegabytes: the size of an empty user disk; nil for none.
    static func make(diskMegabytes: Int? = nil) async throws -> GuestRig {
        try PrivateNamespaces.require()
        // Not below /tmp, which is empty inside.
        let folder = "/var/tmp/qvd-guest-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: "\(folder)/etc/skel", withIntermediateDirectories: true)
        let files = [
            "etc/passwd": "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n",
            "etc/group": "root:x:0:\ndaemon:x:1:\n", "etc/shadow": "root:*:19000:0:99999:7:::\n",
            "etc/skel/.profile": "# from the skeleton\n",
            "hold": "#!/bin/bash\nmount -t tmpfs -o mode=1777 tmpfs /tmp\nmount -t tmpfs -o mode=755 tmpfs /home\n"
                + "mkdir \(homes)\nmount -t tmpfs -o mode=755 tmpfs /run\n"
                // hostname(1) refuses what is the kernel's own for none.
                + "echo '(none)' >/proc/sys/kernel/hostname\ntouch \(folder)/ready\n"
                + "while :; do sleep 3600 & wait $!; done\n",
        ]
        // The project may lie where the guest sees an empty folder.
        try FileManager.default.copyItem(
            atPath: FarmRig.programFolder.appending(path: "qvd-vma").path, toPath: "\(folder)/qvd-vma")
        for (name, text) in files { try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8) }
        let secret = (0..<32).map { _ in String(format: "%02x", UInt8.random(in: 0...255)) }.joined()
        try secret.write(toFile: "\(folder)/secret", atomically: true, encoding: .utf8)
        var disk: String?
        if let diskMegabytes {
            try await RigCommand.run("truncate", "-s", "\(diskMegabytes)M", "\(folder)/disk")
            disk = try await RigCommand.run("losetup", "-f", "--show", "\(folder)/disk")
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        let holder = try DaemonRig.start(
            "/usr/bin/unshare",
            [
                "--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
                "bash", "\(folder)/hold",
            ], log: "\(folder)/hold.log")
        try await waitFor("the guest's namespaces") { FileManager.default.fileExists(atPath: "\(folder)/ready") }
        let children = "/proc/\(holder.processID)/task/\(holder.processID)/children"
        let first = try XCTUnwrap(
            pid_t(try String(contentsOfFile: children, encoding: .utf8).trimmingCharacters(in: .whitespaces)))
        let rig = GuestRig(folder: folder, secret: secret, disk: disk, holder: holder.processID, first: first)
        try rig.setSession(Self.drawing)
        return rig
    }

    /// Kills everything in it and removes what it had.
    func remove() async throws {
        kill(first, SIGKILL)
        try await waitFor("the guest's end") { !DaemonRig.isAlive(self.holder) }
        if let disk { try await RigCommand.run("losetup", "-d", disk) }
        try FileManager.default.removeItem(atPath: folder)
    }

    // MARK: The agent

    /// A session that writes down what it was given and draws a rectangle in a colour nothing else has.
    static let drawing = """
        #!/bin/bash
        env >"$HOME/environment"
        id >"$HOME/id"
        hostname >"$HOME/hostname"
        exec xlogo -bg '#c02040' -fg '#c02040' -geometry 300x200+50+50
        """
    static let colour = "C02040"

    func setSession(_ text: String) throws {
        try text.write(toFile: "\(folder)/session", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: "\(folder)/session")
    }

    private func arguments(_ extra: [String]) -> [String] {
        [
            "\(folder)/qvd-vma", "--listen", "127.0.0.1", "--secret-file",
            "\(folder)/secret", "--session", "\(folder)/session", "--home-disk", disk ?? "none",
            "--home-folder", disk == nil ? "/home" : Self.homes,
            "--account-folder", "\(folder)/etc", "--poweroff-command", "touch \(folder)/off",
        ] + extra
    }

    /// Starts the agent and waits until it answers. Of an option given twice the last counts.
    func startAgent(_ extra: [String] = []) async throws {
        try start("agent", arguments(extra))
        try await waitFor("the agent to answer; its log: \(log("agent"))") {
            guard try self.isRunning("agent") else { throw RigFailure("the agent ended: \(self.log("agent"))") }
            return await self.status(of: "ping") == 200
        }
    }

    /// Runs the agent to its end, which must come by itself.
    func runAgent(_ extra: [String]) async throws -> String {
        try start("agent", arguments(extra))
        try await waitFor("the agent to end", upTo: .seconds(10)) { try !self.isRunning("agent") }
        return log("agent")
    }

    /// Calls the agent with the secret.
    func call(_ method: AgentMethod, _ parameters: [String: String] = [:]) async throws -> AgentAnswer {
        let reply = try await request(AgentCall(method, parameters: parameters).target)
        guard reply.status == 200 else { throw RigFailure("\(method.rawValue): status \(reply.status): \(reply.body)") }
        return try AgentAnswer(decoding: Array(reply.body.utf8))
    }

    func state() async throws -> GuestSessionState {
        let answer = try await call(.sessionState)
        return try XCTUnwrap(answer.sessionState, "\(answer)")
    }

    func waitUntil(_ state: GuestSessionState, upTo limit: Duration = .seconds(20)) async throws {
        do {
            try await waitFor("the session to be \(state.rawValue)", upTo: limit) { try await self.state() == state }
        } catch {
            throw RigFailure("\(error); \(log("agent")) \(log("nxproxy")) \(text("/run/qvd/nxagent.log") ?? "")")
        }
    }

    /// The parameters of a router that is this machine.
    static func parameters(cookie: String? = GuestRig.cookie, _ more: [String: String] = [:]) -> [String: String] {
        var parameters = ["qvd.router.address": "127.0.0.1", "qvd.vm.user.name": "anna", "qvd.client.link": "lan"]
        parameters["qvd.client.nx.cookie"] = cookie
        return parameters.merging(more) { $1 }
    }

    /// `x_start`, again and again while the agent says to, until nxagent listens.
    func startSession(_ parameters: [String: String] = GuestRig.parameters()) async throws {
        try await waitFor("x_start to be taken") {
            let answer = try await self.call(.startSession, parameters)
            if case .failure(let text) = answer, !answer.isBusy { throw RigFailure(text) }
            return !answer.isBusy
        }
        try await waitUntil(.listening)
    }

    /// A session with a client that sees it.
    func connect(cookie: String? = GuestRig.cookie, _ more: [String: String] = [:]) async throws {
        try await startSession(Self.parameters(cookie: cookie, more))
        try startClient(cookie: cookie)
        try await waitUntil(.connected)
    }

    // MARK: The user's side

    /// The user's display :90, to which only the holder of its cookie has access, or everybody (`isOpen`).
    func startDisplay(isOpen: Bool = false) async throws {
        let authority = "\(folder)/display.authority"
        try Data().write(to: URL(filePath: authority))
        try await RigCommand.run(
            beside(["xauth", "-q", "-f", authority, "add", ":90", ".", "00112233445566778899aabbccddeeff"]))
        let access = isOpen ? ["-ac"] : ["-auth", authority]
        // Without -noreset the display begins anew when its last client leaves: whoever comes just then is cut off.
        try start(
            "xvfb", ["Xvfb", ":90", "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"] + access,
            isUsers: true)
        try await waitFor("the user's display") {
            do {
                try await RigCommand.run(self.beside(self.onDisplay(["timeout", "10", "xdpyinfo"])))
                return true
            } catch is RigFailure {
                return false
            }
        }
    }

    /// Without a window manager on the user's display nxagent ignores the size it is told and takes three quarters.
    func startWindowManager() async throws {
        try start("openbox", onDisplay(["openbox"]), isUsers: true)
        try await waitFor("the window manager to say that it is there") {
            try await RigCommand.run(
                self.beside(self.onDisplay(["timeout", "10", "xprop", "-root", "_NET_SUPPORTING_WM_CHECK"]))
            ).contains("window id")
        }
    }

    /// The command as a client of the user's display.
    private func onDisplay(_ command: [String]) -> [String] {
        ["env", "DISPLAY=:90", "HOME=\(folder)", "XAUTHORITY=\(folder)/display.authority"] + command
    }

    func startClient(cookie: String?, authority: Bool = true) throws {
        let client = "\(folder)/client"
        try? FileManager.default.removeItem(atPath: client)
        try FileManager.default.createDirectory(atPath: client, withIntermediateDirectories: true)
        let shown = cookie.map { "cookie=\($0)," } ?? ""
        let options = "nx/nx,root=\(client),connect=127.0.0.1,port=4100,\(shown)session=qvd,retry=1:100\n"
        try options.write(toFile: "\(client)/options", atomically: true, encoding: .utf8)
        try start(
            "nxproxy",
            [
                "env", "DISPLAY=:90", "HOME=\(client)",
                "XAUTHORITY=\(authority ? "\(folder)/display.authority" : "/dev/null")", "nxproxy", "-S",
                "nx/nx,options=\(client)/options:100",
            ], isUsers: true)
    }

    /// How many pixels of the session's own colour the user sees.
    func colouredPixels() async throws -> Int {
        let picture = "\(folder)/picture.png"
        try await RigCommand.run(beside(onDisplay(["timeout", "10", "import", "-window", "root", picture])))
        return try await Picture.pixels(of: Self.colour, in: picture)
    }

    func waitUntilDrawn() async throws {
        do {
            try await waitFor("the session's window to be seen") { try await self.colouredPixels() > 50_000 }
        } catch {
            let windows = try await RigCommand.run(beside(onDisplay(["timeout", "10", "xwininfo", "-root", "-tree"])))
            throw RigFailure("\(error); \(log("nxproxy")) \(text("/run/qvd/nxagent.log") ?? "") \(windows)")
        }
    }

    // MARK: Inside

    /// Where a path of the guest is seen from here.
    func path(_ inside: String) -> String { "/proc/\(first)/root\(inside)" }

    func text(_ inside: String) -> String? {
        FileManager.default.contents(atPath: path(inside)).map { String(decoding: $0, as: UTF8.self) }
    }

    func attributes(_ inside: String) throws -> (mode: Int, owner: Int) {
        let found = try FileManager.default.attributesOfItem(atPath: path(inside))
        return (
            try XCTUnwrap(found[.posixPermissions] as? NSNumber).intValue,
            try XCTUnwrap(found[.ownerAccountID] as? NSNumber).intValue
        )
    }

    private func enter(_ arguments: [String]) -> [String] {
        ["nsenter", "-t", "\(first)", "-m", "-p", "-u", "--"] + arguments
    }

    @discardableResult
    func inside(_ arguments: String...) async throws -> String { try await RigCommand.run(enter(arguments)) }

    /// A command on the user's machine, which has another host name: X's authority files go by it.
    private func beside(_ arguments: [String]) -> [String] {
        ["nsenter", "-t", "\(first)", "-m", "-p", "--"] + arguments
    }

    /// Starts a program inside; its log and its id in there are kept under the name.
    func start(_ name: String, _ arguments: [String], isUsers: Bool = false) throws {
        try? FileManager.default.removeItem(atPath: "\(folder)/\(name).pid")
        let command = ["sh", "-c", "echo $$ >\(folder)/\(name).pid; exec \"$@\"", "sh"] + arguments
        let outside = try DaemonRig.start(
            "/usr/bin/env", isUsers ? beside(command) : enter(command), log: "\(folder)/\(name).log")
        waiting.withLock { $0[name] = outside.processID }
    }

    /// Stops a program, until `resume`. What waits for it outside stops with it.
    func freeze(_ name: String) async throws {
        let outside = try XCTUnwrap(waiting.withLock { $0[name] })
        try await signal(name, "STOP")
        try await waitFor("\(name) to be stopped") { Self.isStopped(stat: "/proc/\(outside)/stat") }
    }

    /// What waits outside lets it go on.
    func resume(_ name: String) async throws {
        let outside = try XCTUnwrap(waiting.withLock { $0[name] })
        let inside = path("/proc/\(try await processID(name))/stat")
        kill(outside, SIGCONT)
        try await waitFor("\(name) to go on") { !Self.isStopped(stat: inside) }
    }

    private static func isStopped(stat path: String) -> Bool {
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        return text?.split(separator: ")").last?.split(separator: " ").first == "T"
    }

    func log(_ name: String) -> String {
        FileManager.default.contents(atPath: "\(folder)/\(name).log").map { String(decoding: $0, as: UTF8.self) }
            ?? ""
    }

    /// The id inside of a program started here.
    func processID(_ name: String) async throws -> String {
        let file = "\(folder)/\(name).pid"
        var id = ""
        try await waitFor("\(name) to start") {
            id = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return id.hasSuffix("\n")
        }
        return id.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// False once it was started and has ended with all its threads.
    func isRunning(_ name: String) throws -> Bool {
        guard let id = FileManager.default.contents(atPath: "\(folder)/\(name).pid") else { return true }
        let text = String(decoding: id, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard !text.isEmpty, let stat = self.text("/proc/\(text)/stat") else { return text.isEmpty }
        return ProcessIdentity(stat: stat) != nil
    }

    func signal(_ name: String, _ signal: String) async throws {
        try await inside("kill", "-\(signal)", try await processID(name))
    }

    /// The id inside of what the agent started: `nxagent` or `session`.
    func agentsProcess(_ name: String) throws -> String {
        let note = try XCTUnwrap(text("/run/qvd/\(name).process"), "no \(name)")
        return String(try XCTUnwrap(note.split(separator: " ").first))
    }
}
