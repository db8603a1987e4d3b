import FarmPorts
import Subprocess
import SystemPackage

/// The `qemu-img` command: arguments as an array, no shell, a time limit, and its words classified.
struct QemuImage: Sendable {
    /// Name (looked up in PATH) or absolute path.
    let command: String
    /// Storage that does not answer for so long is taken for dead. 60 s is far above the slowest seen (0.2
    /// s).
    let limit: Duration = .seconds(60)

    struct Answer: Sendable {
        var exitCode: Int32
        var output: String
        /// Its standard error, trimmed.
        var complaint: String
    }

    /// Runs to the end, whatever the exit code; a signal is an error.
    func run(_ arguments: [String], attempt: String) async throws(PortError) -> Answer {
        let result: Result<Answer, PortError> = await withTaskGroup(of: Result<Answer, PortError>?.self) {
            group in
            group.addTask { await runWithoutLimit(arguments, attempt: attempt) }
            group.addTask {
                do {
                    try await Task.sleep(for: limit)
                    return .failure(timedOut(arguments, attempt: attempt))
                } catch {
                    return nil  // the command ended first, or the caller was cancelled
                }
            }
            var first: Result<Answer, PortError>?
            for await result in group where first == nil {
                first = result
                group.cancelAll()
            }
            return first ?? .failure(PortError(.rejected, .cancelled, attempt: attempt, detail: "cancelled"))
        }
        return try result.get()
    }

    private func timedOut(_ arguments: [String], attempt: String) -> PortError {
        PortError(
            .rejected, .timedOut, attempt: attempt,
            detail:
                "\(command) \(arguments.first ?? "") did not end within \(limit); is the storage reachable?")
    }

    private func runWithoutLimit(_ arguments: [String], attempt: String) async -> Result<Answer, PortError> {
        var options = PlatformOptions()
        options.teardownSequence = []  // killed at once: what it makes is partial until renamed
        do {
            let result = try await Subprocess.run(
                command.hasPrefix("/") ? .path(FilePath(command)) : .name(command),
                arguments: Arguments(arguments),
                environment: .inherit.updating(["LC_ALL": "C"]), platformOptions: options,
                output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
            let complaint = String(result.standardError.split(separator: "\n").joined(separator: "; "))
            switch result.terminationStatus {
            case .exited(let code):
                return .success(Answer(exitCode: code, output: result.standardOutput, complaint: complaint))
            case .signaled(let signal):
                return .failure(
                    PortError(
                        .rejected, Task.isCancelled ? .cancelled : .unavailable, attempt: attempt,
                        detail: "\(command) was ended by signal \(signal). \(complaint)"))
            }
        } catch let error as SubprocessError {
            return .failure(
                PortError(
                    .rejected, .unavailable, attempt: attempt,
                    detail: "cannot run \(command): \(error). Is the package qemu-utils installed?"))
        } catch {
            return .failure(
                PortError(
                    .rejected, Task.isCancelled ? .cancelled : .unavailable, attempt: attempt,
                    detail: "cannot run \(command): \(error)"))
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
