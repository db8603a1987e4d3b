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

    /// Undoes this step and all before it. Of an assignment that was begun before this start there may be more: what an
    /// earlier life of the daemon made.
    mutating func undo(from step: StartStep, _ now: Instant, _ actions: inout [VMAction]) {
        let mayBeMore = hasStrayDomain || plan?.vm.intent.hasBegun == true
        undoStep(mayBeMore ? .domain : step, now, &actions)
    }

    mutating func undoStep(_ step: StartStep, _ now: Instant, _ actions: inout [VMAction]) {
        phase = .undoing(step)
        perform(.undo(step), limit: limits.step, now, &actions)
    }

    mutating func undone(_ step: StartStep, _ now: Instant, _ actions: inout [VMAction]) {
        if step == .domain {
            domainEnded = nil
            domainKnownAt = now
            hasStrayDomain = false
        }
        if let next = hasStrayDomain ? .domain : step.previous, next > .disks || mayTouchDisks {
            undoStep(next, now, &actions)
            return
        }
        giveBackSlot(&actions)
        zombieAttempts = 0
        trouble = nil
        notYetSince = nil
        runningSince = nil
        adoptedAt = nil
        if isWanted {
            // It died, or was ended and is wanted again: the same assignment, from the beginning.
            phase = .idle
            startIfWanted(now, &actions)
        } else {
            release(now, &actions)
        }
    }

    /// On storage that nodes share, the overlay belongs to whoever has the assignment by now.
    private var mayTouchDisks: Bool {
        switch row {
        case .assigned(let row): row.vm.intent.epoch == plan?.epoch
        case .none: true
        case .elsewhere, .unknown: false
        }
    }
}
