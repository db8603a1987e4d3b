import FarmPorts
import Subprocess
import SystemPackage

/// One run of a program to its end, with a time limit.
struct CommandRun {
    let path: String
    var arguments: [String] = []

    struct Outcome: Sendable {
        var isSuccess: Bool
        var output: String
        /// What it said and how it ended, for an error's detail.
        var complaint: String
    }

    /// 2,000 taps in both tables are about 6 MB of text.
    private static let outputLimit = 32 << 20

    /// - Throws: `.unreachable` when it could not be started; `.outcomeUnknown` when it did not end in time
    ///   and was killed, or this task was cancelled.
    func callAsFunction(input: String, limit: Duration, attempt: String) async throws(PortError) -> Outcome {
        do {
            return try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask { try await start(input: input) }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                let first = try await group.next()
                group.cancelAll()
                guard let outcome = first ?? nil else { throw Overtime() }
                return outcome
            }
        } catch is Overtime {
            throw PortError(
                .outcomeUnknown, .timedOut, attempt: attempt,
                detail: "\(path) did not end within \(limit) and was killed")
        } catch is CancellationError {
            throw PortError(
                .outcomeUnknown, .cancelled, attempt: attempt, detail: "cancelled while \(path) ran")
        } catch {
            throw PortError(
                .unreachable, .unavailable, attempt: attempt,
                detail: "\(path) could not be run: \(error); install the Debian package ebtables")
        }
    }

    private struct Overtime: Error {}

    private func start(input: String) async throws -> Outcome {
        let result = try await run(
            .path(FilePath(path)), arguments: .init(arguments), input: .string(input),
            output: .string(limit: Self.outputLimit), error: .string(limit: 64 << 10))
        let words = result.standardError.split(separator: "\n").joined(separator: "; ")
        return Outcome(
            isSuccess: result.terminationStatus.isSuccess, output: result.standardOutput,
            complaint: "\(path) ended with \(result.terminationStatus): \(words)")
    }
}
