package import Foundation
import GuestControl

/// A long-running program under test.
package final class DaemonRig: Sendable {
    package let processID: pid_t
    private let log: String

    private init(processID: pid_t, log: String) {
        self.processID = processID
        self.log = log
    }

    /// Starts it with standard output and error appended to the log.
    ///
    /// - Parameter environment: what comes to this process's own, as `NAME=value`.
    package static func start(
        _ path: String, _ arguments: [String], environment: [String] = [], log: String
    ) throws -> DaemonRig {
        if !FileManager.default.fileExists(atPath: log) {
            guard FileManager.default.createFile(atPath: log, contents: nil) else {
                throw RigFailure("cannot make \(log)")
            }
        }
        return DaemonRig(processID: try spawn([path] + arguments, environment, log: log), log: log)
    }

    /// With no signal blocked or ignored. Foundation's `Process` hands down what its thread blocks, which on the
    /// concurrency pool is nearly everything: such a program heeds no SIGTERM.
    private static func spawn(_ words: [String], _ environment: [String], log: String) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        var actions = posix_spawn_file_actions_t()
        posix_spawnattr_init(&attributes)
        posix_spawn_file_actions_init(&actions)
        defer {
            posix_spawnattr_destroy(&attributes)
            posix_spawn_file_actions_destroy(&actions)
        }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_APPEND, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pointers = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        let ours = ProcessInfo.processInfo.environment.map { "\($0)=\($1)" }
        var variables = (environment + ours).map { strdup($0) } + [nil]
        defer { for variable in variables { free(variable) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, words[0], &actions, &attributes, &pointers, &variables)
        guard code == 0 else { throw RigFailure("start \(words[0]): \(String(cString: strerror(code)))") }
        return child
    }

    /// False once it has ended with all its threads, reaped or not.
    package var isRunning: Bool { Self.isAlive(processID) }

    package static func isAlive(_ pid: pid_t) -> Bool {
        var status: Int32 = 0
        _ = waitpid(pid, &status, WNOHANG)  // one of ours that has ended is reaped
        guard let text = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
        return ProcessIdentity(stat: String(decoding: text, as: UTF8.self)) != nil
    }

    package func signal(_ signal: Int32) { kill(processID, signal) }

    /// Asks it to end, and waits until it has.
    package func stop(within limit: Duration = .seconds(30)) async throws {
        signal(SIGTERM)
        try await waitFor("process \(processID) to end", upTo: limit) { !isRunning }
    }

    package func logText() -> String {
        FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
