import Foundation

/// A complete libvirtd of the tests' own, inside private namespaces: its own sockets, configuration, state
/// and logs. One per test process; it ends with the namespaces, and can be killed and started again before.
package struct LibvirtRig: Sendable {
    package static let uri = "qemu:///system"
    package static let logFile = "/var/log/libvirt/libvirtd.log"
    /// One file per domain, named after it.
    package static let emulatorLogFolder = "/var/log/libvirt/qemu"
    private static let pidFile = "/run/libvirtd.pid"

    /// Starts libvirtd unless it runs, and returns when it answers.
    @discardableResult
    package static func start(_ emulators: EmulatorUser = .root) async throws -> LibvirtRig {
        try PrivateNamespaces.require()
        let rig = LibvirtRig()
        if rig.process == nil { try await rig.launch(emulators) }
        return rig
    }

    /// Who emulators run as. Root sees everything; Debian's own way is a user that libvirt makes the owner of
    /// a domain's files while it runs.
    package enum EmulatorUser: Sendable { case root, libvirtQemu }

    /// Ends libvirtd in good order; guests stay.
    package func stop() async throws { try await end(SIGTERM) }

    /// Ends libvirtd as a crash does; guests stay.
    package func kill() async throws { try await end(SIGKILL) }

    /// Sends any signal to libvirtd.
    package func signal(_ signal: Int32) throws {
        guard let process else { throw RigFailure("libvirtd does not run") }
        guard Foundation.kill(process, signal) == 0 else { throw RigFailure("kill: errno \(errno)") }
    }

    /// The emulator's process id; nil when the domain has none.
    package func emulator(of domain: String) -> Int32? {
        Self.living(pidFile: "/run/libvirt/qemu/\(domain).pid")
    }

    /// Sends a signal to the domain's emulator. After SIGKILL waits until it is gone.
    package func signal(_ signal: Int32, emulatorOf domain: String) async throws {
        guard let process = emulator(of: domain) else { throw RigFailure("\(domain) has no emulator") }
        guard Foundation.kill(process, signal) == 0 else { throw RigFailure("kill: errno \(errno)") }
        if signal == SIGKILL { try await Self.waitUntilGone(process) }
    }

    /// Everything libvirtd and the emulators have logged.
    package func logs() throws -> String {
        var files = [Self.logFile]
        let folder = Self.emulatorLogFolder
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
            files.append("\(folder)/\(name)")
        }
        return try files.map { try String(contentsOfFile: $0, encoding: .utf8) }.joined(separator: "\n")
    }

    // MARK: The process

    private var process: Int32? { Self.living(pidFile: Self.pidFile) }

    private func launch(_ emulators: EmulatorUser) async throws {
        try write("/etc/libvirt/libvirtd.conf", Self.daemonConfiguration)
        try write("/etc/libvirt/qemu.conf", Self.emulatorConfiguration(emulators))
        if emulators == .libvirtQemu { try await openKVMToItsGroup() }
        try await RigCommand.run("libvirtd", "-d", "-p", Self.pidFile)
        // It asks QEMU what it can do before it takes a domain, which can take seconds.
        try await waitFor("libvirtd to answer") {
            do {
                try await RigCommand.run("virsh", "-c", Self.uri, "domcapabilities", "--virttype", "qemu")
                return true
            } catch is RigFailure {
                return false
            }
        }
    }

    /// As udev does on Debian (root:kvm, 0660), for these namespaces only. Where emulators cannot open a
    /// `/dev/kvm` that libvirtd can, libvirtd asks QEMU for its abilities again and again: each definition
    /// takes 10 s and more.
    private func openKVMToItsGroup() async throws {
        guard FileManager.default.fileExists(atPath: "/dev/kvm"),
            !FileManager.default.fileExists(atPath: "/run/kvm")
        else { return }
        try await RigCommand.run("mknod", "-m", "0660", "/run/kvm", "c", "10", "232")
        try await RigCommand.run("chown", "root:kvm", "/run/kvm")
        try await RigCommand.run("mount", "--bind", "/run/kvm", "/dev/kvm")
    }

    private func end(_ signal: Int32) async throws {
        guard let process else { return }
        try self.signal(signal)
        try await Self.waitUntilGone(process)
    }

    private static func waitUntilGone(_ process: Int32) async throws {
        try await waitFor("process \(process) to end") {
            Foundation.kill(process, 0) != 0 && errno == ESRCH
        }
    }

    private static func living(pidFile: String) -> Int32? {
        guard let data = FileManager.default.contents(atPath: pidFile),
            let process = Int32(
                String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)),
            Foundation.kill(process, 0) == 0
        else { return nil }
        return process
    }

    private func write(_ path: String, _ text: String) throws {
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    private static let daemonConfiguration = """
        unix_sock_group = "root"
        auth_unix_ro = "none"
        auth_unix_rw = "none"
        log_level = 3
        log_outputs = "3:file:\(logFile)"
        host_uuid = "00000001-1111-2222-3333-444444444444"
        """

    /// Without the helpers (virtlogd, cgroups, mount namespaces) that a bare machine lacks.
    private static func emulatorConfiguration(_ user: EmulatorUser) -> String {
        let root = """
            user = "root"
            group = "root"
            dynamic_ownership = 0

            """
        return (user == .root ? root : "") + """
            remember_owner = 0
            security_driver = "none"
            stdio_handler = "file"
            namespaces = [ ]
            cgroup_controllers = [ ]
            """
    }
}
