import FarmModel

/// How a VM ends: politely, then by force, then everything it had is undone, last step first.
extension VMMachine {
    // MARK: Stopping

    mutating func askPowerOff(_ now: Instant, _ actions: inout [VMAction]) {
        guard holdsSlot else { return waitToStop(.powerOff, &actions) }
        phase = .askingPowerOff
        perform(.askPowerOff, limit: limits.powerOff, now, &actions)
    }

    mutating func askShutdown(_ now: Instant, _ actions: inout [VMAction]) {
        guard holdsSlot else { return waitToStop(.shutdown, &actions) }
        phase = .askingShutdown
        perform(.askShutdown, limit: limits.shutdown, now, &actions)
    }

    /// Guests that all go down at once are as heavy as guests that all come up.
    private mutating func waitToStop(_ way: StopWay, _ actions: inout [VMAction]) {
        phase = .waitingToStop(way)
        outstanding = nil
        deadline = nil
        actions.append(.requestSlot(.stop))
    }

    /// The domain is gone by itself or by our asking.
    mutating func ended(_ reason: StopReason, _ now: Instant, _ actions: inout [VMAction]) {
        var wasAsked = phase == .askingPowerOff || phase == .askingShutdown
        if case .waitingToStop = phase {
            wasAsked = true  // it was to end anyway
            actions.append(.releaseSlot)
        }
        if !wasAsked, isWanted {
            let mayHaveBeenAsked =
                adoptedAt.map { $0.duration(to: now) < limits.powerOff + limits.shutdown } ?? false
            let isUnwanted = reason == .crashed || mayHaveBeenAsked
            if isUnwanted, mayRestart(now) {
                restarts += 1
            } else if isUnwanted {
                error = "the desktop died \(restarts + 1) times; look at the VM's console log"
            } else {
                endedByGuest = true
            }
        }
        undo(from: .domain, now, &actions)
    }

    mutating func mayRestart(_ now: Instant) -> Bool {
        if let runningSince, runningSince.duration(to: now) >= limits.stableAfter { restarts = 0 }
        return restarts < limits.restartsMax
    }

    mutating func undo(from step: StartStep, _ now: Instant, _ actions: inout [VMAction]) {
        let first = hasStrayDomain ? .domain : step
        phase = .undoing(first)
        perform(.undo(first), limit: limits.step, now, &actions)
    }

    mutating func undone(_ step: StartStep, _ now: Instant, _ actions: inout [VMAction]) {
        if step == .domain {
            domainEnded = nil
            domainKnownAt = now
            hasStrayDomain = false
        }
        if let next = hasStrayDomain ? .domain : step.previous {
            undo(from: next, now, &actions)
            return
        }
        giveBackSlot(&actions)
        zombieAttempts = 0
        trouble = nil
        runningSince = nil
        adoptedAt = nil
        guard let plan else { preconditionFailure("VM \(vm) was undone without a plan") }
        if isWanted {
            // It died, or was ended and is wanted again: the same assignment, from the beginning.
            phase = .idle
            startIfWanted(now, &actions)
        } else {
            phase = .releasing
            deadline = nil
            actions.append(.release(error: error, plan))
        }
    }

    mutating func released(_ now: Instant, _ actions: inout [VMAction]) {
        guard phase == .releasing else { return }
        phase = .idle
        lastReleased = plan
        plan = nil
        error = nil
        endedByGuest = false
        restarts = 0
        deadline = nil
        desired = nil  // what was read before the release is old; the store is read again
    }
}
