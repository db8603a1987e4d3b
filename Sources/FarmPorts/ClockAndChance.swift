package import FarmModel

/// Time, as services see it.
package protocol FarmClock: Sendable {
    /// Monotonic; also counts while the machine is suspended (CLOCK_BOOTTIME).
    var now: Instant { get }
    /// For people only.
    var wallTime: WallTime { get }
    /// Returns at or after the moment. Throws `CancellationError` when the task is cancelled.
    func sleep(until moment: Instant) async throws
}

extension FarmClock {
    package func sleep(for duration: Duration) async throws { try await sleep(until: now.advanced(by: duration)) }
}

/// Unpredictable bytes: secrets, tokens, names.
package protocol RandomSource: Sendable {
    func bytes(_ count: Int) -> [UInt8]
}
