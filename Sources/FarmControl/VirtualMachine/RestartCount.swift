import FarmModel

/// Whether a desktop that ended by itself is started again.
struct RestartCount: Sendable, Hashable {
    private var restarts = 0
    private var runningSince: Instant?
    /// When the present domain was taken over. What a predecessor asked of its guest is not known.
    private var adoptedAt: Instant?

    enum Verdict: Sendable, Hashable {
        case again
        case tooOften(VMFailure)
        /// The guest powered off: it stays off.
        case byGuest
    }

    mutating func adopted(at now: Instant) { adoptedAt = now }
    mutating func runs(since: Instant?) { runningSince = since }

    /// A domain that nobody asked to end has ended. One that was adopted a short time ago may have been asked by a
    /// predecessor, so that its end says nothing of what the user wants.
    mutating func judge(_ reason: StopReason, limits: VMTimeLimits, at now: Instant) -> Verdict {
        let mayHaveBeenAsked = adoptedAt.map { $0.duration(to: now) < limits.powerOff + limits.shutdown } ?? false
        guard reason == .crashed || mayHaveBeenAsked else { return .byGuest }
        if let runningSince, runningSince.duration(to: now) >= limits.stableAfter { restarts = 0 }
        guard restarts < limits.restartsMax else { return .tooOften(.diesAgain(times: restarts + 1)) }
        restarts += 1
        return .again
    }

    /// Nothing of the domain is left.
    mutating func ended() {
        runningSince = nil
        adoptedAt = nil
    }

    /// The VM is given back; whoever starts it anew begins from 0.
    mutating func forget() { restarts = 0 }

    func normalized(_ moments: Normalization, limits: VMTimeLimits) -> RestartCount {
        var copy = self
        copy.runningSince = runningSince.map { moments.flag($0.duration(to: moments.now) >= limits.stableAfter) }
        copy.adoptedAt = adoptedAt.map {
            moments.flag($0.duration(to: moments.now) >= limits.powerOff + limits.shutdown)
        }
        return copy
    }
}
