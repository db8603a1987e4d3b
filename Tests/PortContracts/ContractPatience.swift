import FarmModel
package import FarmPorts

/// Polls until the condition holds, and throws when it does not in time.
package func eventually(
    _ what: @autoclosure () -> String, on clock: any FarmClock, within limit: Duration,
    every pause: Duration = .milliseconds(20), _ condition: () async throws -> Bool
) async throws {
    let deadline = clock.now.advanced(by: limit)
    while try await !condition() {
        try require(clock.now < deadline, "\(what()) was not seen within \(limit)")
        try await clock.sleep(for: pause)
    }
}

/// What the body returns; when it does not in time, it is cancelled and this throws.
package func within<Value: Sendable>(
    _ limit: Duration, on clock: any FarmClock, _ what: String,
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await clock.sleep(for: limit)
            return nil
        }
        guard case .some(.some(let value)) = try await group.next() else {
            throw ContractViolation("\(what) did not end within \(limit)")
        }
        group.cancelAll()
        return value
    }
}
