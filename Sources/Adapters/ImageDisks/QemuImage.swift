import FarmPorts
import ProgramRuns

/// The `qemu-img` command: arguments as an array, no shell, a time limit, and its words classified.
struct QemuImage: Sendable {
    /// Name (looked up in PATH) or absolute path.
    let command: String
    /// Storage that does not answer for so long is taken for dead. 60 s is far above the slowest seen (0.2
    /// s).
    static let limit = Duration.seconds(60)
    var limit = Self.limit

    struct Answer: Sendable {
        var exitCode: Int32
        var output: String
        /// Its standard error, trimmed.
        var complaint: String
    }

    /// Runs to the end, whatever the exit code; a signal is an error.
    func run(_ arguments: [String], attempt: String) async throws(PortError) -> Answer {
        let program = ProgramRun(command, arguments, limit: limit, environment: ["LC_ALL": "C"])
        let outcome: ProgramRun.Outcome
        do throws(ProgramRun.Failure) {
            outcome = try await program()
        } catch {
            switch error {
            case .notStarted(let words):
                throw PortError(
                    .rejected, .unavailable, attempt: attempt,
                    detail: "cannot run \(command): \(words). Is the package qemu-utils installed?")
            case .overtime:
                throw error.portError(
                    attempt: attempt,
                    detail:
                        "\(command) \(arguments.first ?? "") did not end within \(limit); is the storage reachable?")
            case .cancelled: throw error.portError(attempt: attempt, detail: "cancelled")
            }
        }
        switch outcome.ending {
        case .exited(let code):
            return Answer(exitCode: code, output: outcome.output, complaint: outcome.complaint)
        case .signaled(let signal):
            // Somebody else killed it, half-way perhaps.
            throw PortError(
                .outcomeUnknown, .unavailable, attempt: attempt,
                detail: "\(command) was ended by signal \(signal). \(outcome.complaint)")
        }
    }

    /// Why the command failed, from its words.
    static func reason(_ complaint: String) -> PortError.Reason {
        let reasons: [(String, PortError.Reason)] = [
            ("No space left on device", .noSpace), ("Disk quota exceeded", .noSpace),
            ("No such file or directory", .notFound), ("Permission denied", .denied),
            ("Read-only file system", .denied), ("Failed to get", .busy),
            ("Input/output error", .unavailable),
        ]
        return reasons.first { complaint.contains($0.0) }?.1 ?? .corrupt
    }
}
