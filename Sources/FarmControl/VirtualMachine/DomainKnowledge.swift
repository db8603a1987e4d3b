import FarmModel

/// What a VM's machine knows of its domain besides what it is doing, and what a look at the node adds to it.
struct DomainKnowledge: Sendable, Hashable {
    /// When the machine itself last made the domain or made it not exist; an older look says nothing of it.
    private(set) var knownAt: Instant?
    /// Why the domain ended while an effect was out.
    private var endMeanwhile: StopReason?
    /// A look saw a domain that an earlier, unanswered call must have made after all; it goes before anything else.
    private(set) var hasStray = false

    /// What a look leads to at once.
    enum Verdict: Sendable, Hashable {
        case nothing
        /// The domain has ended.
        case ended(StopReason)
        /// A domain that an earlier, unanswered call made after all is removed.
        case removeLate
        /// It may be one of a start that was given back long ago, of this epoch.
        case appeared(Epoch)
    }

    mutating func made(at now: Instant) { knownAt = now }

    mutating func removed(at now: Instant) {
        endMeanwhile = nil
        knownAt = now
        hasStray = false
    }

    /// The end that was seen while an effect was out, once.
    mutating func takeEnd() -> StopReason? {
        defer { endMeanwhile = nil }
        return endMeanwhile
    }

    /// Whether a look that began then is older than what the machine itself did: it counts only for what was so when it
    /// began.
    func isNewer(thanLook began: Instant) -> Bool { knownAt.map { $0 >= began } ?? false }

    /// - Parameters:
    ///   - isOut: an effect is out.
    ///   - plan: of the present start.
    mutating func judge(_ sight: DomainSight, in phase: VMPhase, isOut: Bool, _ plan: StartPlan?) -> Verdict {
        guard !isNewer(thanLook: sight.asOf) else { return .nothing }
        return sight.isLive ? seen(sight, phase, plan) : missed(sight.stopReason ?? .crashed, phase, isOut, plan)
    }

    private mutating func missed(
        _ reason: StopReason, _ phase: VMPhase, _ isOut: Bool, _ plan: StartPlan?
    ) -> Verdict {
        hasStray = false
        if phase.hasAgent || phase.isStopping { return .ended(reason) }
        guard case .building = phase, plan?.isAdopted == true else { return .nothing }
        guard isOut else { return .ended(reason) }
        endMeanwhile = reason  // the step that is out is waited for
        return .nothing
    }

    private mutating func seen(_ sight: DomainSight, _ phase: VMPhase, _ plan: StartPlan?) -> Verdict {
        switch phase {
        case .idle: return sight.epoch.map { .appeared($0) } ?? .nothing
        case .waitingForSlot, .waitingForStore: return .removeLate
        case .building where plan?.isAdopted == true: return .nothing
        case .beginning: hasStray = true
        case .building(let step), .undoing(let step), .zombie(let step): if step < .domain { hasStray = true }
        case .booting, .running, .debugging:
            guard let plan, let epoch = sight.epoch, epoch != plan.epoch else { return .nothing }
            // Its own domain has died unheard, and a late one of an earlier start has taken its place.
            return .ended(.crashed)
        case .waitingToStop, .askingPowerOff, .askingShutdown, .releasing: break
        }
        return .nothing
    }

    func normalized(_ moments: Normalization) -> DomainKnowledge {
        var copy = self
        copy.knownAt = knownAt.map(moments.rank)
        return copy
    }
}
