package import FarmModel
package import FarmPorts
import Glibc
package import Logging
import Subprocess
import SystemCalls
import SystemPackage

/// DHCP by a dnsmasq of the node's own, watched by `run()`.
///
/// Its files are read and written on a thread of their own. dnsmasq survives when the process that started it
/// is killed; the next one adopts it when it was started with the very same arguments, and replaces it
/// otherwise. When `run()` is cancelled it is ended.
///
/// New reservations take effect by a new file. What is changed, removed or given again needs dnsmasq to read
/// all of them anew, which takes 0.25 s for 10,000 (and grows with their square); requests that come
/// meanwhile wait in its socket and are answered then.
package actor DnsmasqAddresses: AddressService {
    private let configuration: DnsmasqConfiguration
    private let files: ReservationFiles
    private let log: Logger
    private let queue = QueueExecutor(label: "qvd.dnsmasq")
    private var current = AddressServiceStatus.down(reason: "it has not been started yet")
    private var server: ServerProcess?
    private var output: DnsmasqLog
    /// How often the server said that it has read all files.
    private var readings = 0
    private var isReadingWanted = false

    /// dnsmasq does not notice when the kernel's queue of file events runs over, which it does at 16,384
    /// (fs.inotify.max_queued_events); beyond this many changes at once it is told to read all.
    private static let changesMax = 4_000
    /// For reading 20,000 reservations on a busy machine.
    private static let readingLimit = Duration.seconds(20)
    /// From the start of a process until the kernel shows its arguments; some microseconds on an idle machine.
    private static let becomingLimit = Duration.seconds(10)
    private static let watchPeriod = Duration.milliseconds(500)

    package nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    package init(_ configuration: DnsmasqConfiguration, log: Logger) {
        self.configuration = configuration
        self.log = log
        files = ReservationFiles(farm: configuration.farm, folder: configuration.hostsFolder)
        output = DnsmasqLog(path: configuration.logFile)
    }

    package func publish(_ reservations: [Reservation]) async throws(PortError) {
        try ReservationCheck.check(reservations)
        try files.prepare()
        let before = try files.published()
        let wanted = Set(reservations.map(\.vm))
        let removed = before.keys.filter { !wanted.contains($0) }.sorted()
        let changed = reservations.filter { before[$0.vm] != $0 }
        var changes = 0
        do throws(PortError) {
            for vm in removed {
                try files.remove(vm)
                changes += 1
            }
            for reservation in changed {
                try files.write(reservation)
                changes += 1
            }
        } catch {
            // Files that were written are in effect; those that were replaced or removed are when dnsmasq reads anew.
            throw changes > 0 ? error.afterPartOfTheWork : error
        }
        if !removed.isEmpty || changed.contains(where: { before[$0.vm] != nil })
            || changed.count > Self.changesMax
        {
            try await readAnew()
        }
    }

    package func observe() throws(PortError) -> [Reservation] {
        try files.prepare()
        return try files.published().values.sorted()
    }

    package func status() -> AddressServiceStatus {
        // Between its death and `run` noticing it, the truth is with the kernel.
        if case .serving = current, server?.isRunning != true { return .down(reason: "it has just ended") }
        return current
    }

    /// Keeps dnsmasq running until the task is cancelled; then it is ended.
    package func run() async {
        while !Task.isCancelled {
            let reason: String
            do {
                try files.prepare()
                if let left = await predecessor() {
                    log.notice("adopted the running dnsmasq", metadata: ["pid": "\(left.pid)"])
                    output.skipToEnd()
                    // Files may have changed since its process died.
                    begin(left)
                    left.signal(SIGHUP)
                    await attend(left)
                    if Task.isCancelled { left.signal(SIGTERM) }
                    reason = "it ended by itself; see \(configuration.logFile)"
                } else {
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

    // MARK: The process

    /// Starts dnsmasq and returns, when it has ended, how.
    private func serve() async throws -> String {
        let command = configuration.command
        let executable: Executable = command.contains("/") ? .path(FilePath(command)) : .name(command)
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        let arguments = configuration.arguments
        output.skipToEnd()
        let result = try await Subprocess.run(
            executable, arguments: Arguments(arguments), platformOptions: options, input: .none,
            output: .discarded, error: .string(limit: 8192)
        ) { execution in
            let process = ServerProcess(pid: execution.processIdentifier.value, arguments: arguments)
            self.begin(process)
            await self.awaitArguments(of: process)
            await self.attend(process)
        }
        let words = result.standardError.split(separator: "\n").joined(separator: "; ")
        return "\(result.terminationStatus)"
            + (words.isEmpty ? "; see \(configuration.logFile)" : ": \(words)")
    }

    private func begin(_ process: ServerProcess) {
        server = process
        readings = 0
        current = .down(reason: "it is starting")
    }

    /// Returns when a process just started shows its arguments, or has ended; a process is known by them.
    private func awaitArguments(of process: ServerProcess) async {
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: Self.becomingLimit)
        while process.isBecoming, clock.now < deadline {
            do { try await Task.sleep(for: .milliseconds(1)) } catch { return }
        }
    }

    /// Reads the server's log until it has ended or this task is cancelled.
    private func attend(_ process: ServerProcess) async {
        while process.isRunning {
            takeLog()
            if isReadingWanted {
                isReadingWanted = false
                process.signal(SIGHUP)
            }
            let pause = readings == 0 ? Duration.milliseconds(10) : Self.watchPeriod
            do { try await Task.sleep(for: pause) } catch { return }
        }
        takeLog()
    }

    /// A dnsmasq of ours that runs already, if its configuration is still the same; another one is ended.
    private func predecessor() async -> ServerProcess? {
        guard let process = ServerProcess(processIDFile: configuration.processIDFile) else { return nil }
        if process.arguments == configuration.arguments { return process }
        log.notice(
            "ending the running dnsmasq: its configuration has changed", metadata: ["pid": "\(process.pid)"])
        process.signal(SIGTERM)
        // It holds the port until it is gone; it goes in milliseconds.
        for _ in 0..<200 where process.isRunning {
            do { try await Task.sleep(for: .milliseconds(10)) } catch { return nil }
        }
        process.signal(SIGKILL)
        return nil
    }

    // MARK: Its log

    private func takeLog() {
        for line in output.newLines() {
            if line.hasSuffix("read \(files.markerPath)") {
                readings += 1
                if readings == 1, let server {
                    current = .serving
                    log.info("dnsmasq serves", metadata: ["pid": "\(server.pid)"])
                }
            } else if line.contains("disabling DHCP static address") {
                // A guest can decline any address in another's name, and dnsmasq believes it for ten minutes,
                // unless it reads the reservation anew.
                isReadingWanted = true
                log.warning("a guest declined an address", metadata: ["said": "\(line)"])
            }
        }
    }

    /// Makes a running server read all files, and returns when it has. One that does not run reads them when
    /// it starts.
    private func readAnew() async throws(PortError) {
        guard let process = server, process.isRunning else { return }
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: Self.readingLimit)
        let attempt = "publishing DHCP reservations: making dnsmasq read them"
        // Until it has read them once it takes no signal.
        var isSent = false
        var awaited = 1
        while process.isRunning {
            takeLog()
            if isSent, readings >= awaited { return }
            if !isSent, readings >= 1 {
                awaited = readings + 1
                isSent = true
                process.signal(SIGHUP)
            }
            guard clock.now < deadline else {
                throw PortError(
                    .outcomeUnknown, .timedOut, attempt: attempt,
                    detail:
                        "process \(process.pid) did not within \(Self.readingLimit); see \(configuration.logFile)"
                )
            }
            do {
                try await Task.sleep(for: .milliseconds(2))
            } catch {
                throw PortError(.outcomeUnknown, .cancelled, attempt: attempt, detail: "cancelled")
            }
        }
    }
}
