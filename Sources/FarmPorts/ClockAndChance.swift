package import FarmModel

/// Time, as services see it. It never goes back, and goes on while the process or the machine is stopped: who was to
/// wake meanwhile wakes when it goes on. A task that was cancelled before does not sleep either, not even until a
/// moment that has passed.
package protocol FarmClock: Sendable {
    /// Monotonic; also counts while the machine is suspended (CLOCK_BOOTTIME).
    var now: Instant { get }
    /// For people only.
    var wallTime: WallTime { get }
    /// Returns at or after the moment. Throws `CancellationError` when the task is cancelled.
    func sleep(until moment: Instant) async throws
    /// The same before a poll that is made every `period`. A clock that can tell that polls would find nothing new may
    /// leave them out: only a simulation's can.
    ///
    /// - Returns: the moment of the poll to make now: the one given, or a whole number of periods later.
    func sleep(until moment: Instant, toPoll subject: PollSubject, every period: Duration) async throws -> Instant
}

/// What a poll asks, so that nothing depends on somebody's telling that it changed.
package enum PollSubject: Sendable, Hashable, CaseIterable {
    /// A router: which of its sessions other clients want. The poll before brought nothing that is not done yet.
    case sessions
    /// A router: a desktop's row. The last look at it succeeded.
    case desktop
    /// A node: what the store wants of it.
    case assignments
    /// A node: what is on it.
    case node
}

extension FarmClock {
    package func sleep(for duration: Duration) async throws { try await sleep(until: now.advanced(by: duration)) }
}

/// Unpredictable bytes: secrets, tokens, names.
package protocol RandomSource: Sendable {
    func bytes(_ count: Int) -> [UInt8]
}
