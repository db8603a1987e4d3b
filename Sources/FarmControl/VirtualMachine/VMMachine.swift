package import FarmModel

/// The life of one VM on one node, as decisions only: events in, actions out, time passed in. The diagram of its phases
/// is at `VMPhase`.
///
/// Nothing on the node or its storage is touched before the store has answered that the start is begun. A domain whose
/// assignment is over (`Ownership.notMine(.now)`) goes to `undoing` from wherever it is, without a slot; while an
/// effect is out that has not answered, it is ended beside that.
///
/// A live domain that a predecessor left begins at `building` with filter and reservation, goes on to `running`, and is
/// never undone because a step fails or does not answer. An agent that has answered is asked again in the node's next
/// sweep.
///
/// One effect that changes the node is out at a time; nothing else is begun until it reports, for its late half could
/// otherwise meet the undoing of it. Effects that only ask (ping, power off) are dropped when overtaken.
package struct VMMachine: Sendable, Hashable {
    package let vm: VMID
    let limits: VMTimeLimits
    private(set) var progress = VMProgress()
    private(set) var assignment = AssignmentState()
    private(set) var domain = DomainKnowledge()
    private(set) var agent = AgentWatch()
    private(set) var restarts = RestartCount()
    private(set) var retries = StepRetries()

    package init(vm: VMID, limits: VMTimeLimits) {
        self.vm = vm
        self.limits = limits
    }

    /// Takes one event. The actions are to be carried out in order.
    package mutating func receive(_ event: VMEvent, at now: Instant) -> [VMAction] {
        switch event {
        case .row(let word): rowRead(word, now)
        case .adopted(let word, let epoch): adopt(word, liveUnder: epoch, now)
        case .slotGranted: slotGranted(now)
        case .began(let id, let outcome): if progress.takeAnswered(id) == .begin { began(outcome, now) }
        case .finished(let id, let outcome):
            if let effect = progress.takeAnswered(id) { finished(effect, outcome, now) }
        case .observed(let sight): observed(sight, now)
        case .givenUp: giveUpDomain(now)
        case .agentDue: if awaitsSweep { ping(in: .running, now) }
        case .tick: if progress.takeDeadline(at: now) { deadlineReached(now) }
        }
        return progress.takeActions()
    }

    // MARK: What the store wants

    private mutating func rowRead(_ word: RowWord, _ now: Instant) {
        assignment.read(word)
        let mustEndNow = assignment.mustEndNow
        let isIdleInStep = progress.outstanding == nil
        if mustEndNow { progress.endDomainBeside(assignment.plan) }
        switch phase {
        case .idle: startIfWanted(now)
        case .waitingForSlot where !assignment.isWanted, .waitingForStore where !assignment.isWanted:
            progress.giveUpWaiting()
            endBegun(now)
        case .building where isIdleInStep && mustEndNow: undo(from: .domain, now)
        case .building(let step) where isIdleInStep && !assignment.mayRunOn:
            // Between two tries of a step: a desktop that was adopted, or a start that has no domain yet.
            if assignment.isAdopted { askPowerOff(now) } else { undo(from: step, now) }
        case _ where mustEndNow && (phase.hasAgent || phase.isStopping):
            // Past slots, and past whatever the guest was asked.
            progress.giveUpWaiting()
            progress.drop()
            undo(from: .domain, now)
        case .booting where !assignment.mayRunOn: askShutdown(now)
        case .running where !assignment.mayRunOn, .debugging where !assignment.mayRunOn: askPowerOff(now)
        default: break  // a change in mid-step is met when the step reports
        }
    }

    /// Takes over a live domain that a predecessor started, or whose row had disappeared and is back. The domain of
    /// this assignment is kept running; one of another is ended.
    private mutating func adopt(_ word: RowWord, liveUnder epoch: Epoch, _ now: Instant) {
        precondition(phase == .idle && progress.outstanding == nil, "VM \(vm): only an idle machine adopts")
        guard let known = word.row else { preconditionFailure("VM \(vm): a domain without a row is not adopted") }
        assignment.adopt(word, known)
        restarts.adopted(at: now)
        switch Ownership(of: epoch, by: word) {
        case .mine, .rowGone, .unknown:
            // Rules and reservation are made sure of; the domain itself and its secret are left alone.
            build(.filter, now)
        case .notMine(.politely): askPowerOff(now)
        case .notMine(.now): undo(from: .domain, now)
        }
    }

    /// An operator gave up a domain that has no row any more.
    private mutating func giveUpDomain(_ now: Instant) {
        guard assignment.ownership == .rowGone else { return }
        switch phase {
        case .booting, .running, .debugging: askPowerOff(now)
        case .building where progress.outstanding == nil: askPowerOff(now)
        default: break
        }
    }

    private mutating func startIfWanted(_ now: Instant) {
        switch assignment.take() {
        case nil: break
        case .start: progress.waitForSlot(.start, in: .waitingForSlot)
        case .stop: undo(from: .domain, now)
        case .giveBack: endBegun(now)
        }
    }

    private mutating func slotGranted(_ now: Instant) {
        progress.slotGranted()
        switch phase {
        case .waitingForSlot: perform(.begin, in: .beginning, limit: limits.call, now)
        case .waitingToStop(.powerOff): askPowerOff(now)
        case .waitingToStop(.shutdown): askShutdown(now)
        default: progress.giveBackSlot()
        }
    }

    // MARK: The store is told

    private mutating func began(_ outcome: BeginOutcome, _ now: Instant) {
        switch outcome {
        case .begun(let epoch, let secret):
            retries.storeTook()
            assignment.begun(under: epoch, secret)
            if domain.hasStray {
                undo(from: .domain, now)
            } else if assignment.isWanted {
                build(.disks, now)
            } else {
                endBegun(now)
            }
        case .refused:
            assignment.refused()
            endBegun(now)
        case .unknown(let words, let secret):
            assignment.triedToBegin(with: secret)
            waitForStore(.reported(words), now)
        }
    }

    /// Ends a start that has touched nothing. Something may be there all the same if an earlier life of the daemon
    /// began this very assignment.
    private mutating func endBegun(_ now: Instant) {
        guard assignment.wasBegunBefore else { return release(now) }
        undo(from: .domain, now)
    }

    /// The store is told again after a pause.
    private mutating func waitForStore(_ why: VMFailure, _ now: Instant) {
        retries.hinders(why)
        progress.wait(in: .waitingForStore, until: now.advanced(by: retries.storeDidNotTake(limits)))
    }

    private mutating func release(_ now: Instant) {
        progress.giveBackSlot()
        perform(.release(assignment.failure), in: .releasing, limit: limits.call, now)
    }

    private mutating func released() {
        progress.wait(in: .idle, until: nil)
        assignment.released()
        restarts.forget()
        retries.storeTook()
    }

    // MARK: Building

    private mutating func build(_ step: StartStep, _ now: Instant) {
        perform(.build(step), in: .building(step), limit: limits.step, now)
    }

    private mutating func built(_ step: StartStep, _ outcome: PortOutcome, _ now: Instant) {
        retries.built()
        assignment.took(outcome)
        let isAdopted = assignment.isAdopted
        if let reason = domain.takeEnd() {
            ended(reason, now)
        } else if assignment.mustEndNow {
            undo(from: max(step, isAdopted ? .domain : step), now)
        } else if isAdopted, !assignment.mayRunOn {
            askPowerOff(now)
        } else if !isAdopted, !assignment.isWanted, step != .domain {
            undo(from: step, now)
        } else if !isAdopted, !assignment.mayRunOn {
            askShutdown(now)
        } else if domain.hasStray {
            undo(from: .domain, now)
        } else if let next = step.next, !(step == .reservation && isAdopted) {
            build(next, now)
        } else {
            let wasRunning = assignment.wasRunning
            domain.made(at: now)
            agent.begin(at: now)
            restarts.runs(since: wasRunning ? now : nil)
            ping(in: wasRunning ? .running : .booting, now)
        }
    }

    /// An outside system that is just coming up is waited for, for a while.
    private mutating func buildNotYet(_ step: StartStep, _ why: VMFailure, _ now: Instant) {
        guard !assignment.isAdopted, !assignment.mustEndNow, assignment.isWanted, retries.mayWait(at: now, limits)
        else { return buildFailed(step, why, now) }
        retries.notYet(why, at: now)
        progress.wake(at: now.advanced(by: limits.notYetRetry))
    }

    private mutating func buildFailed(_ step: StartStep, _ why: VMFailure, _ now: Instant) {
        retries.waitedInVain()
        if !assignment.isAdopted {
            assignment.failed(why)
            undo(from: step, now)
        } else if let reason = domain.takeEnd() {
            ended(reason, now)
        } else if assignment.mustEndNow {
            undo(from: .domain, now)
        } else if !assignment.mayRunOn {
            askPowerOff(now)
        } else {
            // A running desktop is not ended because its rules or its reservation could not be made sure of at once.
            retries.hinders(why)
            progress.wake(at: now.advanced(by: limits.zombieRetry))
        }
    }

    // MARK: The agent

    private mutating func ping(in phase: VMPhase, _ now: Instant) {
        perform(.ping, in: phase, limit: limits.call, now)
    }

    private mutating func answered(_ now: Instant) {
        agent.begin(at: now)
        if phase != .running {
            if phase == .booting { restarts.runs(since: now) }
            progress.enter(.running)
            progress.giveBackSlot()
        }
        progress.wake(at: nil)
    }

    /// - Parameter words: why, if anything was said.
    private mutating func missed(_ words: String?, _ now: Instant) {
        let verdict = agent.missed(
            words, whileBooting: phase == .booting, isPatient: assignment.isForgotten, limits: limits, at: now)
        switch verdict {
        case .askAgain(let pause): progress.wake(at: now.advanced(by: pause))
        case .silent where phase != .booting && limits.debugs:
            progress.enter(.debugging)
            progress.wake(at: now.advanced(by: limits.pingAfterMiss))
        case .silent(let failure):
            assignment.failed(failure)
            askShutdown(now)
        }
    }

    // MARK: Stopping

    private mutating func askPowerOff(_ now: Instant) {
        guard progress.holdsSlot else { return progress.waitForSlot(.stop, in: .waitingToStop(.powerOff)) }
        perform(.askPowerOff, in: .askingPowerOff, limit: limits.powerOff, now)
    }

    private mutating func askShutdown(_ now: Instant) {
        guard progress.holdsSlot else { return progress.waitForSlot(.stop, in: .waitingToStop(.shutdown)) }
        perform(.askShutdown, in: .askingShutdown, limit: limits.shutdown, now)
    }

    private mutating func observed(_ sight: DomainSight, _ now: Instant) {
        if sight.isLive && assignment.mustEndNow { progress.endDomainBeside(assignment.plan) }
        let isOut = progress.outstanding != nil
        switch domain.judge(sight, in: phase, isOut: isOut, assignment.plan) {
        case .nothing: break
        case .ended(let reason):
            progress.drop()
            ended(reason, now)
        case .removeLate:
            progress.giveUpWaiting()
            undo(from: .domain, now)
        case .appeared(let epoch): if assignment.reopen(for: epoch) { undo(from: .domain, now) }
        }
    }

    /// The domain is gone by itself or by our asking.
    private mutating func ended(_ reason: StopReason, _ now: Instant) {
        progress.giveUpWaiting()
        if !phase.isStopping, assignment.isWanted {
            switch restarts.judge(reason, limits: limits, at: now) {
            case .again: break
            case .tooOften(let failure): assignment.failed(failure)
            case .byGuest: assignment.guestEnded()
            }
        }
        undo(from: .domain, now)
    }

    /// Undoes this step and all before it. Of an assignment that was begun before this start there may be more: what an
    /// earlier life of the daemon made.
    private mutating func undo(from step: StartStep, _ now: Instant) {
        undoStep(domain.hasStray || assignment.wasBegunBefore ? .domain : step, now)
    }

    private mutating func undoStep(_ step: StartStep, _ now: Instant) {
        perform(.undo(step), in: .undoing(step), limit: limits.step, now)
    }

    private mutating func undone(_ step: StartStep, _ now: Instant) {
        if step == .domain { domain.removed(at: now) }
        if let next = domain.hasStray ? .domain : step.previous, next > .disks || assignment.mayTouchDisks {
            return undoStep(next, now)
        }
        progress.giveBackSlot()
        retries.undone()
        restarts.ended()
        guard assignment.isWanted else { return release(now) }
        // It died, or was ended and is wanted again: the same assignment, from the beginning.
        progress.enter(.idle)
        startIfWanted(now)
    }

    // MARK: Results and time

    private mutating func finished(_ effect: VMEffect, _ outcome: PortOutcome, _ now: Instant) {
        if case .zombie(let step) = phase, let late = effect.step {
            // It took too long; whatever came of it is removed.
            return undo(from: max(step, late), now)
        }
        switch (effect, outcome.failure) {
        case (.build(let step), nil): built(step, outcome, now)
        case (.build(let step), let why?):
            if outcome.isNotYet { buildNotYet(step, why, now) } else { buildFailed(step, why, now) }
        case (.undo(let step), nil): undone(step, now)
        case (.undo(let step), let why?):
            retries.hinders(why)
            progress.wait(in: .zombie(step), until: now.advanced(by: retries.undoingFailed(limits)))
        case (.begin, _): waitForStore(.notAnAnswer, now)
        case (.release, nil): released()
        case (.release, _): progress.wake(at: now.advanced(by: retries.storeDidNotTake(limits)))
        case (.ping, nil): answered(now)
        case (.ping, let why?): missed(why.words, now)
        case (.askPowerOff, nil), (.askShutdown, nil): break  // now the guest has until the deadline
        case (.askPowerOff, _): askShutdown(now)
        case (.askShutdown, _): undo(from: .domain, now)
        }
    }

    private mutating func deadlineReached(_ now: Instant) {
        let isSilent = progress.outstanding != nil
        // Of what changes the node the answer is waited for: nothing else is begun while it may be at work.
        if progress.outstanding?.effect.step == nil { progress.drop() }
        switch phase {
        case .idle, .waitingForSlot, .waitingToStop: break
        case .beginning: waitForStore(.storeSilent, now)
        case .waitingForStore: progress.waitForSlot(.start, in: .waitingForSlot)
        case .releasing: release(now)
        case .building(let step):
            if !isSilent {
                build(step, now)
            } else if assignment.isAdopted {
                retries.hinders(.nodeSilent(limits.step))  // the desktop is left alone
            } else {
                assignment.failed(.nodeSilent(limits.step))
                retries.undoingUnanswered()
                progress.wait(in: .zombie(step), until: nil)
            }
        case .undoing(let step):
            retries.hinders(.nodeSilent(limits.step))
            retries.undoingUnanswered()
            progress.wait(in: .zombie(step), until: nil)
        case .booting, .running, .debugging: if isSilent { missed(nil, now) } else { ping(in: phase, now) }
        case .askingPowerOff: askShutdown(now)
        case .askingShutdown: undo(from: .domain, now)
        case .zombie(let step): undoStep(domain.hasStray ? .domain : step, now)
        }
    }

    private mutating func perform(_ effect: VMEffect, in phase: VMPhase, limit: Duration, _ now: Instant) {
        guard let plan = assignment.plan else { preconditionFailure("VM \(vm) has no plan for \(effect)") }
        progress.perform(effect, in: phase, until: now.advanced(by: limit), plan)
    }

    /// For exhaustive searches; see `Normalization`.
    package func normalized(_ moments: Normalization) -> VMMachine {
        var copy = self
        copy.progress = progress.normalized(moments)
        copy.domain = domain.normalized(moments)
        copy.agent = phase == .booting || phase == .running ? agent.normalized(moments) : AgentWatch()
        copy.restarts = restarts.normalized(moments, limits: limits)
        copy.retries = retries.normalized(moments)
        return copy
    }
}
