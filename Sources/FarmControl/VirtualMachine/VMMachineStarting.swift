import FarmModel

/// How a start goes from step to step, and how the agent is listened to.
extension VMMachine {
    // MARK: Building

    mutating func enterBuilding(_ step: StartStep, _ now: Instant, _ actions: inout [VMAction]) {
        phase = .building(step)
        perform(.build(step), limit: limits.step, now, &actions)
    }

    mutating func built(_ step: StartStep, _ now: Instant, _ actions: inout [VMAction]) {
        trouble = nil
        notYetSince = nil
        let isAdopted = plan?.isAdopted == true
        if let reason = domainEnded {
            domainEnded = nil
            ended(reason, now, &actions)
        } else if mustEndNow {
            undo(from: max(step, isAdopted ? .domain : step), now, &actions)
        } else if isAdopted, !mayRunOn {
            askPowerOff(now, &actions)
        } else if !isAdopted, !isWanted, step != .domain {
            undo(from: step, now, &actions)
        } else if !isAdopted, !mayRunOn {
            askShutdown(now, &actions)
        } else if hasStrayDomain {
            undo(from: .domain, now, &actions)
        } else if let next = step.next, !(step == .reservation && isAdopted) {
            enterBuilding(next, now, &actions)
        } else {
            domainKnownAt = now
            silence = AgentSilence(since: now)
            phase = wasRunning ? .running : .booting
            runningSince = wasRunning ? now : nil
            ping(now, &actions)
        }
    }

    /// An outside system that is just coming up is waited for, for a while.
    mutating func buildNotYet(
        _ step: StartStep, _ words: String, _ now: Instant, _ actions: inout [VMAction]
    ) {
        let since = notYetSince ?? now
        guard plan?.isAdopted != true, !mustEndNow, isWanted, since.duration(to: now) < limits.notYetMax else {
            return buildFailed(step, words, now, &actions)
        }
        notYetSince = since
        trouble = words
        deadline = now.advanced(by: limits.notYetRetry)
    }

    mutating func buildFailed(
        _ step: StartStep, _ words: String, _ now: Instant, _ actions: inout [VMAction]
    ) {
        notYetSince = nil
        guard plan?.isAdopted == true else {
            error = words
            undo(from: step, now, &actions)
            return
        }
        if let reason = domainEnded {
            domainEnded = nil
            ended(reason, now, &actions)
        } else if mustEndNow {
            undo(from: .domain, now, &actions)
        } else if !mayRunOn {
            askPowerOff(now, &actions)
        } else {
            // A running desktop is not ended because its rules or its reservation could not be made sure of
            // at once.
            trouble = words
            deadline = now.advanced(by: limits.zombieRetry)
        }
    }

    // MARK: The agent

    mutating func ping(_ now: Instant, _ actions: inout [VMAction]) {
        perform(.ping, limit: limits.call, now, &actions)
    }

    mutating func answered(_ now: Instant, _ actions: inout [VMAction]) {
        silence = AgentSilence(since: now)
        if phase != .running {
            if phase == .booting { runningSince = now }
            phase = .running
            giveBackSlot(&actions)
        }
        deadline = now.advanced(by: limits.pingAfterAnswer)
    }

    /// - Parameter words: why, if anything was said.
    mutating func missed(_ words: String?, _ now: Instant, _ actions: inout [VMAction]) {
        silence.misses += 1
        if let words { silence.words = words }
        let silent = silence.since.duration(to: now)
        switch phase {
        case .booting where silent >= limits.boot && !isForgotten:
            error =
                "the agent did not answer within \(limits.boot.components.seconds) s of the domain's start;"
                + " look at the VM's console log, or raise"
                + " internal.hkd.vmhandler.vma.failed.max_time.on.starting" + silence.reason
            askShutdown(now, &actions)
        case .booting: deadline = now.advanced(by: limits.bootPing)
        case .running
        where silence.misses >= limits.missesMax && silent >= limits.silenceMax && !isForgotten:
            if limits.debugs {
                phase = .debugging
                deadline = now.advanced(by: limits.pingAfterMiss)
            } else {
                error = "the agent has not answered for \(silent.components.seconds) s" + silence.reason
                askShutdown(now, &actions)
            }
        default: deadline = now.advanced(by: limits.pingAfterMiss)
        }
    }
}
