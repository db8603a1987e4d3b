package import FarmPorts
import Subprocess
import Synchronization
import SystemCalls
import SystemPackage

/// One run of a program to its end: arguments as an array, no shell, a time limit after which it is killed.
package struct ProgramRun: Sendable {
    /// An absolute path, or a name to look up in PATH.
    package let program: String
    package var arguments: [String]
    package var limit: Duration
    /// The most it may say on standard output, in bytes.
    package var outputMax: Int
    /// Variables besides those inherited.
    package var environment: [String: String]

    package init(
        _ program: String, _ arguments: [String] = [], limit: Duration, outputMax: Int = 1 << 20,
        environment: [String: String] = [:]
    ) {
        self.program = program
        self.arguments = arguments
        self.limit = limit
        self.outputMax = outputMax
        self.environment = environment
    }

    package enum Ending: Sendable, Hashable, CustomStringConvertible {
        case exited(Int32)
        case signaled(Int32)

        package var description: String {
            switch self {
            case .exited(let code): "exited(\(code))"
            case .signaled(let number): "signaled(\(number))"
            }
        }
    }

    package struct Outcome: Sendable {
        package var ending: Ending
        package var output: String
        /// Its standard error, on one line.
        package var complaint: String

        package var isSuccess: Bool { ending == .exited(0) }
    }

    /// Why there is no outcome.
    package enum Failure: Error, Sendable {
        /// It did not run.
        case notStarted(String)
        /// It did not end within the limit and was killed.
        case overtime
        /// The caller was cancelled; the program was killed.
        case cancelled

        /// What is known then: a program that was killed may have done all of its work, some, or none.
        package func portError(attempt: String, detail: String) -> PortError {
            switch self {
            case .notStarted: PortError(.unreachable, .unavailable, attempt: attempt, detail: detail)
            case .overtime: PortError(.outcomeUnknown, .timedOut, attempt: attempt, detail: detail)
            case .cancelled: PortError(.outcomeUnknown, .cancelled, attempt: attempt, detail: detail)
            }
        }
    }

    /// From being killed to having ended, for a program that can be killed.
    private static let dyingLimit = Duration.seconds(2)
    /// How many programs may hang that cannot be killed, because they wait in the kernel for storage that went away.
    private static let hangingMax = 16
    private static let hanging = Mutex(0)

    /// Returns within the limit and two seconds, also when the program cannot be killed.
    package func callAsFunction(input: String = "") async throws(Failure) -> Outcome {
        guard Self.hanging.withLock({ $0 < Self.hangingMax }) else {
            throw .notStarted("\(Self.hangingMax) programs hang and cannot be killed; is the storage reachable?")
        }
        let answer = FirstAnswer<Result<Outcome, Failure>>()
        let givenUp = Mutex<Failure?>(nil)
        let work = Task {
            var result = await self.run(input: input)
            if let failure = givenUp.withLock({ $0 }), !Self.hasExited(result) { result = .failure(failure) }
            if !answer.give(result) { Self.hanging.withLock { $0 -= 1 } }
        }
        let giveUp = { @Sendable (failure: Failure) in
            givenUp.withLock { $0 = $0 ?? failure }
            work.cancel()
            Task {
                // Killed at once, it gives the answer itself, having been waited for.
                try? await Task.sleep(for: Self.dyingLimit)
                Self.hanging.withLock { count in
                    if answer.give(.failure(failure)) { count += 1 }
                }
            }
        }
        let timer = Task {
            do { try await Task.sleep(for: limit) } catch { return }
            giveUp(.overtime)
        }
        defer { timer.cancel() }
        let result = await withTaskCancellationHandler {
            await answer.value
        } onCancel: {
            giveUp(.cancelled)
        }
        return try result.get()
    }

    private static func hasExited(_ result: Result<Outcome, Failure>) -> Bool {
        if case .success(let outcome) = result, case .exited = outcome.ending { return true }
        return false
    }

    private func run(input: String) async -> Result<Outcome, Failure> {
        do {
            return .success(try await start(input: input))
        } catch {
            return .failure(.notStarted("\(error)"))
        }
    }

    private func start(input: String) async throws -> Outcome {
        var options = PlatformOptions()
        options.teardownSequence = []  // killed at once
        let variables = environment.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) }
        let result = try await Subprocess.run(
            program.hasPrefix("/") ? .path(FilePath(program)) : .name(program), arguments: Arguments(arguments),
            environment: .inherit.updating(Dictionary(uniqueKeysWithValues: variables)), platformOptions: options,
            input: .string(input), output: .string(limit: outputMax), error: .string(limit: 64 << 10))
        let ending: Ending =
            switch result.terminationStatus {
            case .exited(let code): .exited(code)
            case .signaled(let number): .signaled(number)
            }
        return Outcome(
            ending: ending, output: result.standardOutput,
            complaint: result.standardError.split(separator: "\n").joined(separator: "; "))
    }
}
