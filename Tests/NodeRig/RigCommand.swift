package import Foundation
import Subprocess
import SystemPackage

/// A command that a rig runs to its end, without a shell.
package enum RigCommand {
    /// Runs it and returns its standard output. Throws `RigFailure` with its standard error unless it exits
    /// with 0.
    @discardableResult
    package static func run(_ arguments: String...) async throws -> String {
        try await run(arguments)
    }

    @discardableResult
    package static func run(_ arguments: [String], in folder: URL? = nil) async throws -> String {
        let result = try await Subprocess.run(
            executable(arguments[0]), arguments: Arguments(Array(arguments.dropFirst())),
            workingDirectory: folder.map { FilePath($0.path) }, output: .string(limit: 1 << 24),
            error: .string(limit: 1 << 20))
        guard result.terminationStatus.isSuccess else {
            throw RigFailure(
                "\(arguments.joined(separator: " ")): \(result.terminationStatus): \(result.standardError)")
        }
        return result.standardOutput
    }

    private static func executable(_ name: String) -> Executable {
        name.contains("/") ? .path(FilePath(name)) : .name(name)
    }

    /// Whether it ran and exited with 0.
    package static func succeeds(_ arguments: String...) async throws -> Bool {
        let result = try await Subprocess.run(
            executable(arguments[0]), arguments: Arguments(Array(arguments.dropFirst())), output: .discarded,
            error: .discarded)
        return result.terminationStatus.isSuccess
    }
}

/// What went wrong in the rig itself, as opposed to the thing under test.
package struct RigFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Namespaces of their own, without which no rig touches anything.
package enum PrivateNamespaces {
    package static func require() throws {
        guard ProcessInfo.processInfo.environment["QVD_PRIVATE_NAMESPACES"] == "1" else {
            throw RigFailure(
                "real-stack tests run in namespaces of their own and need root: use `make test` "
                    + "(or Tests/in-namespace.sh COMMAND; without root: make test-pure)")
        }
    }
}

/// Polls an outside process until it did what is awaited. The only kind of waiting a rig does.
package func waitFor(
    _ what: String, upTo limit: Duration = .seconds(30), every step: Duration = .milliseconds(20),
    until isDone: () async throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: limit)
    while try await !isDone() {
        guard clock.now < end else { throw RigFailure("waited \(limit) for \(what)") }
        try await Task.sleep(for: step)
    }
}
