import FarmModel

/// What a look at the node tells a VM's machine. A look is slow: it counts only for what was so when it
/// began.
extension VMMachine {
    mutating func observed(_ sight: DomainSight, _ now: Instant, _ actions: inout [VMAction]) {
        if let domainKnownAt, domainKnownAt >= sight.asOf { return }
        if sight.isLive {
            liveDomainSeen(sight, now, &actions)
        } else {
            domainMissed(sight.stopReason, now, &actions)
        }
    }

    private mutating func domainMissed(_ heard: StopReason?, _ now: Instant, _ actions: inout [VMAction]) {
        hasStrayDomain = false
        let reason = heard ?? .crashed
        switch phase {
        case .booting, .running, .debugging, .waitingToStop, .askingPowerOff, .askingShutdown:
            outstanding = nil
            ended(reason, now, &actions)
        case .building where plan?.isAdopted == true:
            // A step that is out is waited for.
            if outstanding == nil { ended(reason, now, &actions) } else { domainEnded = reason }
        case .idle, .waitingForSlot, .beginning, .waitingForStore, .building, .undoing, .zombie, .releasing: break
        }
    }

    /// A domain that an earlier, unanswered call made after all is removed.
    private mutating func liveDomainSeen(
        _ sight: DomainSight, _ now: Instant, _ actions: inout [VMAction]
    ) {
        switch phase {
        case .idle:
            guard let lastReleased, let epoch = sight.epoch, epoch <= lastReleased.epoch else { return }
            plan = lastReleased
            undo(from: .domain, now, &actions)
        case .waitingForSlot, .waitingForStore:
            if phase == .waitingForSlot { actions.append(.releaseSlot) }
            undo(from: .domain, now, &actions)
        case .beginning: hasStrayDomain = true
        case .building(let step) where plan?.isAdopted != true && step < .domain: hasStrayDomain = true
        case .undoing(let step) where step < .domain: hasStrayDomain = true
        case .zombie(let step) where step < .domain: hasStrayDomain = true
        case .booting, .running, .debugging:
            guard let plan, let epoch = sight.epoch, epoch != plan.epoch else { return }
            // Its own domain has died unheard, and a late one of an earlier start has taken its place.
            outstanding = nil
            ended(.crashed, now, &actions)
        case .building, .waitingToStop, .askingPowerOff, .askingShutdown, .undoing, .zombie, .releasing:
            break
        }
    }
}
