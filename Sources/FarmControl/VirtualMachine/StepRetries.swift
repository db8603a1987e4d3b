import FarmModel

/// How often the present step was tried, and why it has to be tried again.
struct StepRetries: Sendable, Hashable {
    /// An undoing that fails, an adopted domain's rules or reservation that could not be made sure of, a store that
    /// does not take a begin. It ends with the trouble.
    private(set) var trouble: VMFailure?
    /// How often an undoing failed or was not answered since the last that succeeded.
    private(set) var undoings = 0
    /// How often the store did not take what it was told since it last did.
    private var tellings = 0
    /// Since when the present step waits for an outside system to come up.
    private var notYetSince: Instant?

    mutating func hinders(_ trouble: VMFailure) { self.trouble = trouble }

    /// - Returns: the pause before the store is told again.
    mutating func storeDidNotTake(_ limits: VMTimeLimits) -> Duration {
        defer { tellings += 1 }
        return limits.storePause(attempt: tellings)
    }

    mutating func storeTook() {
        tellings = 0
        trouble = nil
    }

    /// - Returns: the pause before the undoing is tried again.
    mutating func undoingFailed(_ limits: VMTimeLimits) -> Duration {
        defer { undoings += 1 }
        return limits.zombiePause(attempt: undoings)
    }

    mutating func undoingUnanswered() { undoings += 1 }

    /// A step of the start succeeded.
    mutating func built() {
        trouble = nil
        notYetSince = nil
    }

    /// Whether an outside system that is not up yet is still waited for.
    func mayWait(at now: Instant, _ limits: VMTimeLimits) -> Bool {
        (notYetSince ?? now).duration(to: now) < limits.notYetMax
    }

    mutating func notYet(_ trouble: VMFailure, at now: Instant) {
        notYetSince = notYetSince ?? now
        self.trouble = trouble
    }

    mutating func waitedInVain() { notYetSince = nil }

    /// Everything is undone.
    mutating func undone() {
        undoings = 0
        trouble = nil
        notYetSince = nil
    }

    func normalized(_ moments: Normalization) -> StepRetries {
        var copy = self
        copy.notYetSince = notYetSince.map(moments.left)
        return copy
    }
}
