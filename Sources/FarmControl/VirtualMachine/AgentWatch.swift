import FarmModel

/// Since when a VM's agent has been silent, and how often it was asked in vain.
struct AgentWatch: Sendable, Hashable {
    private var since = Instant.start
    private var misses = 0
    /// Why the last try failed, if anything was said.
    private var lastTry: String?

    /// What an unanswered call leads to.
    enum Verdict: Sendable, Hashable {
        case askAgain(Duration)
        /// It is silent for too long.
        case silent(VMFailure)
    }

    /// The agent has answered, or its domain has just begun.
    mutating func begin(at now: Instant) { self = AgentWatch(since: now) }

    init() {}
    private init(since: Instant) { self.since = since }

    /// - Parameters:
    ///   - words: why the call was not answered, if anything was said.
    ///   - isPatient: the agent is never given up.
    mutating func missed(
        _ words: String?, whileBooting isBooting: Bool, isPatient: Bool, limits: VMTimeLimits, at now: Instant
    ) -> Verdict {
        misses += 1
        if let words { lastTry = words }
        let silent = since.duration(to: now)
        if isBooting {
            guard silent >= limits.boot, !isPatient else { return .askAgain(limits.bootPing) }
            return .silent(.neverAnswered(limits.boot, lastTry: lastTry))
        }
        guard misses >= limits.missesMax, silent >= limits.silenceMax, !isPatient else {
            return .askAgain(limits.pingAfterMiss)
        }
        return .silent(.agentSilent(.seconds(silent.components.seconds), lastTry: lastTry))
    }

    func normalized(_ moments: Normalization) -> AgentWatch {
        var copy = self
        copy.since = moments.left(since)
        return copy
    }
}
