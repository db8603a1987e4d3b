package import Foundation

/// A whole farm of one node, made of the real programs: libvirtd, bridge, database, `qvd-node`, and the demo's guest
/// image. Inside private namespaces.
package final class FarmRig: Sendable {
    package let folder: String
    package let programs: URL
    package static let address = "10.3.0.1"
    package static let port = 8443

    private init(folder: String, programs: URL) {
        self.folder = folder
        self.programs = programs
    }

    package var configuration: String { "\(folder)/node.conf" }
    package var database: String { "\(folder)/db/farm.sqlite" }
    package var passwordFile: String { "\(folder)/password" }

    /// Makes everything but the daemon's process.
    ///
    /// - Parameter extra: lines for node.conf.
    package static func make(extra: [String] = []) async throws -> FarmRig {
        try PrivateNamespaces.require()
        let scratch = try ScratchFolder("farm")
        let rig = FarmRig(folder: scratch.path, programs: Self.programFolder)
        try await RigCommand.run("chmod", "711", scratch.path)
        try await LibvirtRig.start()
        try await rig.makeBridge()
        try await rig.makeRouterUser()
        try rig.writeConfiguration(extra)
        try "correct horse\n".write(toFile: rig.passwordFile, atomically: true, encoding: .utf8)
        try await rig.qvd("init", "--network", "10.3.0.0/16", "--range-start", "10.3.0.100", "--gateway", address)
        try await rig.qvd("node", "add", "node1", "--address", address)
        return rig
    }

    /// An OSF with the demo image, a user, and desktops of theirs.
    package func addDesktops(_ names: [String], user: String = "alice", overlay: Bool = false) async throws {
        var osf = ["osf", "add", "demo", "--memory", "320", "--user-disk", "128"]
        if overlay { osf.append("--keep-overlay") }
        try await qvd(osf)
        try await qvd(["di", "add", "demo", try Self.guestImage()])
        try await qvd(["user", "add", user, "--password-file", passwordFile])
        for name in names { try await qvd(["vm", "add", name, "--user", user, "--osf", "demo"]) }
    }

    /// Runs `qvd` with the farm's configuration; returns what it printed.
    @discardableResult
    package func qvd(_ arguments: String...) async throws -> String { try await qvd(arguments) }

    @discardableResult
    package func qvd(_ arguments: [String]) async throws -> String {
        try await RigCommand.run([programs.appending(path: "qvd").path, "--config", configuration] + arguments)
    }

    /// What the store says of a VM.
    package func state(of vm: String) async throws -> String {
        let text = try await qvd("vm", "show", vm, "--json")
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
        let row = (object as? [String: Any]) ?? ((object as? [[String: Any]])?.first ?? [:])
        guard let state = row["state"] as? String else { throw RigFailure("no state of \(vm) in \(text)") }
        return state
    }

    package func waitUntil(_ vm: String, is state: String, upTo limit: Duration = .seconds(120)) async throws {
        try await waitFor("\(vm) to be \(state)", upTo: limit, every: .milliseconds(200)) {
            try await self.state(of: vm) == state
        }
    }

    /// Starts `qvd-node run` and returns when the node serves.
    package func startNode() async throws -> DaemonRig {
        let daemon = try DaemonRig.start(
            programs.appending(path: "qvd-node").path, ["run", "--config", configuration],
            log: "\(folder)/node.log")
        try await waitFor("the node to serve; its log: \(folder)/node.log", upTo: .seconds(60)) {
            guard daemon.isRunning else { throw RigFailure("qvd-node ended: \(daemon.logText())") }
            return try await self.qvd("node", "list", "--json").contains("\"running\"")
        }
        return daemon
    }

    /// The processes of the node by their role, as the kernel has them.
    package func process(_ role: String) async throws -> pid_t? {
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            guard let pid = pid_t(name), let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
            else { continue }
            let words = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            if words.count >= 4, words[0].hasSuffix("/qvd-node"), words[1] == role, words.contains(configuration) {
                return pid
            }
        }
        return nil
    }

    /// Kills the process of this role with -9, and returns when its supervisor has started another.
    package func killAndAwaitSuccessor(_ role: String) async throws {
        var victim: pid_t?
        try await waitFor("process \(role)") {
            victim = try await self.process(role)
            return victim != nil
        }
        if let victim { kill(victim, SIGKILL) }
        try await waitFor("another \(role)") {
            let next = try await self.process(role)
            return next != nil && next != victim
        }
    }

    /// Ends everything that was started for the farm, desktops and DHCP server too, and removes its files.
    package func remove() async throws {
        for role in ["run", "hkd", "l7r"] {
            while let pid = try await process(role) {
                kill(pid, SIGKILL)
                try await waitFor("\(role) to end") { !DaemonRig.isAlive(pid) }
            }
        }
        for name in try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "list", "--name").split(separator: "\n") {
            try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "destroy", String(name))
        }
        for name in try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "list", "--all", "--name")
            .split(separator: "\n")
        {
            try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "undefine", String(name))
        }
        // A node that ends leaves its DHCP server to the desktops that run on.
        _ = try await RigCommand.succeeds("pkill", "-KILL", "-x", "dnsmasq")
        try await waitFor("the DHCP server to end") { try await !RigCommand.succeeds("pgrep", "-x", "dnsmasq") }
        try await RigCommand.run("ip", "link", "del", "qvdnet0")
        for tap in try await RigCommand.run("ip", "-o", "link", "show", "type", "tun").split(separator: "\n") {
            let name = tap.split(separator: " ")[1].prefix { $0 != ":" && $0 != "@" }
            try await RigCommand.run("ip", "link", "del", String(name))
        }
        try await RigCommand.run("ebtables", "-F")
        try await RigCommand.run("ebtables", "-X")
        try FileManager.default.removeItem(atPath: folder)
    }

    /// What there is to know when a test of it failed.
    package func story() async -> String {
        var parts: [String] = []
        for arguments in [["vm", "list"], ["status"]] {
            do { parts.append(try await qvd(arguments)) } catch { parts.append("\(error)") }
        }
        let log = FileManager.default.contents(atPath: "\(folder)/node.log") ?? Data()
        parts.append(String(String(decoding: log, as: UTF8.self).suffix(6000)))
        return parts.joined(separator: "\n")
    }

    /// The small image that `make test` built.
    package static func guestImage() throws -> String {
        let note = projectFolder.appending(path: ".build/images/small/newest")
        guard let text = FileManager.default.contents(atPath: note.path) else {
            throw RigFailure("there is no guest image (\(note.path)); make it with: fixtures/build.sh test")
        }
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    package static let projectFolder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Where the test's own program lies: beside it are the others of the same build.
    package static let programFolder = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        .deletingLastPathComponent()

    // MARK: Making

    private func makeBridge() async throws {
        if try await RigCommand.run("ip", "-o", "link", "show").contains(" qvdnet0:") {
            try await RigCommand.run("ip", "link", "del", "qvdnet0")
        }
        try await RigCommand.run("ip", "link", "add", "qvdnet0", "type", "bridge")
        try await RigCommand.run("ip", "address", "add", "\(Self.address)/16", "dev", "qvdnet0")
        try await RigCommand.run("ip", "link", "set", "qvdnet0", "up")
    }

    /// The router's user, in these namespaces only: the files are bound over the machine's.
    private func makeRouterUser() async throws {
        guard try !String(contentsOfFile: "/etc/passwd", encoding: .utf8).contains("qvd-l7r:") else { return }
        for (file, line) in [
            ("group", "qvd:x:64990:"), ("passwd", "qvd-l7r:x:64991:64990::/nonexistent:/usr/sbin/nologin"),
        ] {
            let text = try String(contentsOfFile: "/etc/\(file)", encoding: .utf8) + line + "\n"
            try text.write(toFile: "/run/\(file)", atomically: true, encoding: .utf8)
            try await RigCommand.run("mount", "--bind", "/run/\(file)", "/etc/\(file)")
        }
    }

    private func writeConfiguration(_ extra: [String]) throws {
        let lines = [
            "nodename = node1", "path.run = \(folder)/run", "path.log = \(folder)/log",
            "path.storage.root = \(folder)/storage", "database.path = \(database)",
            "path.l7r.ssl = \(folder)/ssl", "vm.network.bridge = qvdnet0", "vm.kvm.cpus = 1",
            "hypervisor.acceleration = tcg",
        ]
        try FileManager.default.createDirectory(atPath: "\(folder)/db", withIntermediateDirectories: true)
        try ((lines + extra).joined(separator: "\n") + "\n")
            .write(toFile: configuration, atomically: true, encoding: .utf8)
    }
}
