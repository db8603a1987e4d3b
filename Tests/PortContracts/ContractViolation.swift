package import FarmPorts

/// What a port's contract suite throws when the port breaks its contract: the promise in words, what happened
/// instead, and where the suite asked. Suites are free of XCTest, so that simulated and real ports run one
/// code.
package struct ContractViolation: Error, Sendable, CustomStringConvertible {
    package let words: String
    package let fileID: String
    package let line: UInt

    package init(_ words: String, fileID: StaticString = #fileID, line: UInt = #line) {
        self.words = words
        self.fileID = "\(fileID)"
        self.line = line
    }

    package var description: String { "\(fileID):\(line): \(words)" }
}

/// One promise of a port, as a sentence, and the code that tries it.
package struct ContractCheck: Sendable {
    package let name: String
    package let run: @Sendable () async throws -> Void

    package init(_ name: String, _ run: @escaping @Sendable () async throws -> Void) {
        self.name = name
        self.run = run
    }
}

/// Runs the checks in order and throws the first failure, with the check's name in front.
package func runContract(_ checks: [ContractCheck]) async throws {
    for check in checks {
        do {
            try await check.run()
        } catch let violation as ContractViolation {
            throw ContractViolation("\(check.name): \(violation)")
        } catch {
            throw ContractViolation("\(check.name): failed with \(error)")
        }
    }
}

package func require(
    _ condition: Bool, _ words: @autoclosure () -> String, fileID: StaticString = #fileID, line: UInt = #line
) throws(ContractViolation) {
    if !condition { throw ContractViolation(words(), fileID: fileID, line: line) }
}

package func requireEqual<Value: Equatable>(
    _ found: Value, _ wanted: Value, _ words: @autoclosure () -> String, fileID: StaticString = #fileID,
    line: UInt = #line
) throws(ContractViolation) {
    if found != wanted {
        throw ContractViolation("\(words()): wanted \(wanted), found \(found)", fileID: fileID, line: line)
    }
}

/// Requires that the call fails with this effect and reason, and says what was attempted and why it failed.
@discardableResult
package func requireFailure<Value>(
    _ effect: PortError.Effect, _ reason: PortError.Reason, _ words: String, fileID: StaticString = #fileID,
    line: UInt = #line, of call: () async throws(PortError) -> Value
) async throws(ContractViolation) -> PortError {
    let outcome: Result<Value, PortError>
    do throws(PortError) {
        outcome = .success(try await call())
    } catch {
        outcome = .failure(error)
    }
    guard case .failure(let failure) = outcome else {
        throw ContractViolation(
            "\(words): wanted failure \(effect)/\(reason), but the call succeeded", fileID: fileID, line: line
        )
    }
    guard failure.effect == effect, failure.reason == reason else {
        throw ContractViolation(
            "\(words): wanted failure \(effect)/\(reason), found \(failure.effect)/\(failure.reason) (\(failure))",
            fileID: fileID, line: line)
    }
    guard !failure.attempt.isEmpty, !failure.detail.isEmpty else {
        throw ContractViolation("\(words): the error does not say what or why", fileID: fileID, line: line)
    }
    return failure
}
