import Dispatch
package import FarmModel
package import FarmPorts
import Glibc
package import Logging
import Subprocess
import SystemPackage

/// DHCP by a dnsmasq of the node's own, watched by `run()`.
///
/// Its files are read and written on a thread of their own. dnsmasq survives the death of the process that started
/// it; the next one adopts it when it was started with the very same arguments, and replaces it otherwise.
package actor DnsmasqAddresses: AddressService {
    private let configuration: DnsmasqConfiguration
    private let files: ReservationFiles
    private let log: Logger
    private let queue = QueueExecutor(label: "qvd.dnsmasq")
    private var current = AddressServiceStatus.down(reason: "it has not been started yet")
    private var server: pid_t?

    package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    package init(_ configuration: DnsmasqConfiguration, log: Logger) {
        self.configuration = configuration
        self.log = log
        files = ReservationFiles(farm: configuration.farm, folder: configuration.hostsFolder)
    }

    package func publish(_ reservations: [Reservation]) throws(PortError) {
        for reservation in reservations { try check(reservation) }
        try files.prepare()
        let before = try files.published()
        var kept: Set<VMID> = []
        for reservation in reservations {
            kept.insert(reservation.vm)
            if before[reservation.vm] != reservation { try files.write(reservation) }
        }
        for (vm, old) in before.sorted(by: { $0.key < $1.key }) where !kept.contains(vm) { try files.withdraw(old) }
    }

    package func observe() throws(PortError) -> [Reservation] {
        try files.prepare()
        return try files.published().values.sorted()
    }

    package func status() -> AddressServiceStatus {
        // Between its death and `run` noticing it, the truth is with the kernel.
        if case .serving = current, let server, kill(server, 0) != 0 { return .down(reason: "it has just ended") }
        return current
    }

    /// Keeps dnsmasq running until the task is cancelled; then it is ended.
    package func run() async {
        while !Task.isCancelled {
            let reason: String
            do {
                try files.prepare()
                if let left = predecessor() {
                    log.notice("adopted the running dnsmasq", metadata: ["pid": "\(left)"])
                    reason = await watch(left)
                } else {
                    try files.forgetWithdrawn()
                    reason = try await serve()
                }
            } catch {
                reason = "\(error)"
            }
            server = nil
            guard !Task.isCancelled else { break }
            current = .down(reason: reason)
            log.error("dnsmasq ended; it is started again", metadata: ["reason": "\(reason)"])
            do { try await Task.sleep(for: configuration.restartPause) } catch { break }
        }
        current = .down(reason: "it was stopped")
    }

    private func check(_ reservation: Reservation) throws(PortError) {
        let isLabel = !reservation.hostName.isEmpty && reservation.hostName.utf8.count <= 63
            && reservation.hostName.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
            }
        guard isLabel else {
            throw PortError(
                .rejected, .invalid, attempt: "publishing the DHCP reservation of VM \(reservation.vm)",
                detail: "`\(reservation.hostName)` is no host name: 1 to 63 letters, digits and hyphens")
        }
    }

    // MARK: The process

    /// Starts dnsmasq and returns, when it has ended, how.
    private func serve() async throws -> String {
        let command = configuration.command
        let executable: Executable = command.contains("/") ? .path(FilePath(command)) : .name(command)
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        let result = try await Subprocess.run(
            executable, arguments: Arguments(configuration.arguments), platformOptions: options, input: .none,
            output: .discarded, error: .string(limit: 8192)
        ) { execution in
            self.started(execution.processIdentifier.value)
        }
        let words = result.standardError.split(separator: "\n").joined(separator: "; ")
        return "\(result.terminationStatus)" + (words.isEmpty ? "; see \(configuration.logFile)" : ": \(words)")
    }

    private func started(_ pid: pid_t) {
        server = pid
        current = .serving
        log.info("dnsmasq serves", metadata: ["pid": "\(pid)"])
    }

    /// A dnsmasq of ours that runs already: the same one when its arguments are the same, otherwise it is ended.
    private func predecessor() -> pid_t? {
        guard let text = contents(of: configuration.processIDFile, limit: 32),
            let pid = pid_t(text.filter(\.isNumber)), kill(pid, 0) == 0
        else { return nil }
        let line = contents(of: "/proc/\(pid)/cmdline", limit: 65536) ?? ""
        let arguments = line.split(separator: "\0").dropFirst().map(String.init)
        guard arguments.contains("--pid-file=\(configuration.processIDFile)") else { return nil }
        if arguments == configuration.arguments { return pid }
        log.notice("ending the running dnsmasq: its configuration has changed", metadata: ["pid": "\(pid)"])
        kill(pid, SIGTERM)
        return nil
    }

    /// A process that is not our child: looked at twice a second.
    private func watch(_ pid: pid_t) async -> String {
        started(pid)
        while kill(pid, 0) == 0 {
            do {
                try await Task.sleep(for: .milliseconds(500))
            } catch {
                kill(pid, SIGTERM)
                return "it was stopped"
            }
        }
        return "it ended by itself"
    }

    private func contents(of path: String, limit: Int) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = read(descriptor, &bytes, limit)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}

/// Runs the actor's jobs on a queue of their own: they make blocking calls.
private final class QueueExecutor: SerialExecutor {
    private let queue: DispatchQueue
    init(label: String) { queue = DispatchQueue(label: label) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
