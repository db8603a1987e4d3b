package import FarmModel

/// How long to wait before a process that ended is started again: at once the first time, then doubling, and from
/// the beginning when it had run well.
package struct RestartPause: Sendable, Hashable {
    private let first: Duration
    private let longest: Duration
    private let wellAfter: Duration
    private var next: Duration

    package init(
        first: Duration = .milliseconds(250), longest: Duration = .seconds(30), wellAfter: Duration = .seconds(60)
    ) {
        self.first = first
        self.longest = longest
        self.wellAfter = wellAfter
        next = first
    }

    /// - Returns: the pause before the next start of a process that ran from `started` to `ended`.
    package mutating func afterRun(from started: Instant, to ended: Instant) -> Duration {
        if started.duration(to: ended) >= wellAfter { next = first }
        defer { next = min(next * 2, longest) }
        return next
    }
}
