import FarmModel

/// How a start is begun in the store before anything is touched, and how the VM is given back when nothing of it is
/// left. Both are said until the store answers: saying them twice is saying them once.
extension VMMachine {
    mutating func begin(_ now: Instant, _ actions: inout [VMAction]) {
        phase = .beginning
        perform(.begin, limit: limits.call, now, &actions)
    }

    mutating func began(_ id: VMEffectID, _ outcome: BeginOutcome, _ now: Instant, _ actions: inout [VMAction]) {
        guard let current = outstanding, current.id == id, current.effect == .begin else { return }
        outstanding = nil
        switch outcome {
        case .begun(let secret):
            storeAttempts = 0
            trouble = nil
            plan?.secret = secret
            if hasStrayDomain {
                undo(from: .domain, now, &actions)
            } else if isWanted {
                enterBuilding(.disks, now, &actions)
            } else {
                endBegun(now, &actions)
            }
        case .refused: endBegun(now, &actions)
        case .unknown(let words): waitForStore(words, now, &actions)
        }
    }

    /// Ends a start that has touched nothing. Something may be there all the same if an earlier life of the daemon
    /// began this very assignment.
    mutating func endBegun(_ now: Instant, _ actions: inout [VMAction]) {
        guard plan?.vm.intent.hasBegun == true else { return release(now, &actions) }
        undo(from: .domain, now, &actions)
    }

    /// The store is told again after a pause. The slot goes to somebody who can use it.
    mutating func waitForStore(_ words: String, _ now: Instant, _ actions: inout [VMAction]) {
        giveBackSlot(&actions)
        phase = .waitingForStore
        trouble = words
        deadline = now.advanced(by: pauseForStore())
    }

    /// The pause before the store is told again what it did not take.
    mutating func pauseForStore() -> Duration {
        defer { storeAttempts += 1 }
        return limits.storePause(attempt: storeAttempts)
    }

    mutating func release(_ now: Instant, _ actions: inout [VMAction]) {
        giveBackSlot(&actions)
        phase = .releasing
        perform(.release(error: error), limit: limits.call, now, &actions)
    }

    mutating func released(_ now: Instant, _ actions: inout [VMAction]) {
        phase = .idle
        lastReleased = plan
        plan = nil
        error = nil
        trouble = nil
        endedByGuest = false
        restarts = 0
        storeAttempts = 0
        deadline = nil
        row = .unknown  // what was read before the release is old; the store is read again
    }
}
