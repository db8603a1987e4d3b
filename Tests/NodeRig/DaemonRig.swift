package import Foundation

/// A long-running program under test.
package final class DaemonRig: Sendable {
    package let processID: pid_t
    private let log: String

    private init(processID: pid_t, log: String) {
        self.processID = processID
        self.log = log
    }

    /// Starts it with standard output and error appended to the log.
    package static func start(_ path: String, _ arguments: [String], log: String) throws -> DaemonRig {
        if !FileManager.default.fileExists(atPath: log) {
            guard FileManager.default.createFile(atPath: log, contents: nil) else {
                throw RigFailure("cannot make \(log)")
            }
        }
        let process = Process()
        process.executableURL = URL(filePath: path)
        process.arguments = arguments
        let output = try FileHandle(forWritingTo: URL(filePath: log))
        try output.seekToEnd()
        process.standardOutput = output
        process.standardError = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return DaemonRig(processID: process.processIdentifier, log: log)
    }

    /// False once it has ended, reaped or not.
    package var isRunning: Bool { Self.isAlive(processID) }

    package static func isAlive(_ pid: pid_t) -> Bool {
        guard let text = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return false }
        let fields = String(decoding: text, as: UTF8.self).split(separator: ")").last?.split(separator: " ")
        return fields?.first != "Z"
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
