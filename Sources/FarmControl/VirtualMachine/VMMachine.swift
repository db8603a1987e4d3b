package import FarmModel

/// The life of one VM on one node, as decisions only: events in, actions out, time passed in.
///
///                  desired run               all steps done           agent answers
///     idle ───────────────► starting(slot) ─► starting(step…) ─► starting(agent) ─► running ◄─► debugging
///      ▲                       │ failed, or wanted to stop │            │              │
///      │                       ▼                           ▼            ▼              ▼
///      │                 stopping(undo, last step first) ◄── stopping(slot, power off → shutdown → destroy)
///      │                       │ all undone        ▲ │ a step fails or does not answer
///      └── released ◄── releasing                  │ ▼
///                                               zombie: keeps node and row, is tried again, slower
///
/// A live domain that a predecessor left begins at starting(filter, reservation), goes on to running, and is
/// never undone because a step fails or does not answer.
///
/// One effect that changes the node is out at a time; nothing else is begun until it reports, for its late
/// half could otherwise meet the undoing of it. Effects that only ask (ping, power off) are dropped when
/// overtaken. `deadline` is the one moment at which the machine wants a `.tick`.
package struct VMMachine: Sendable, Hashable {
    package let vm: VMID
    let limits: VMTimeLimits

    var phase: Phase = .idle
    /// What the store wants, as last read; nil when the VM is not assigned to this node.
    package internal(set) var desired: Assignment?
    /// What the present start was made from.
    package internal(set) var plan: StartPlan?
    /// Set when a start must not be tried again until the store wants it anew.
    var error: String?
    /// Why the present step has to be tried again: an undoing that fails, or an adopted domain's rules or
    /// reservation that could not be made sure of. It ends with the trouble.
    var trouble: String?
    var outstanding: Outstanding?
    package internal(set) var deadline: Instant?
    var holdsSlot = false
    var effectCount: Int64 = 0
    var restarts = 0
    var runningSince: Instant?
    /// When the present domain was taken over. What a predecessor asked of its guest is not known.
    var adoptedAt: Instant?
    var silence = AgentSilence()
    /// When the machine itself last made the domain or made it not exist; an older look says nothing of it.
    package internal(set) var domainKnownAt: Instant?
    /// The domain ended while an effect was out.
    var domainEnded: StopReason?
    /// A look saw a domain that an earlier, unanswered call must have made after all; it goes before anything
    /// else.
    var hasStrayDomain = false
    /// The domain ended by itself and the store shall be told to want it no more.
    var endedByGuest = false
    var zombieAttempts = 0
    /// The last start that was given back to the store. Its epoch is over: what the store said of it before
    /// is old, and a domain of it that appears after all is a late answer's and is removed.
    var lastReleased: StartPlan?

    package init(vm: VMID, limits: VMTimeLimits) {
        self.vm = vm
        self.limits = limits
    }

    enum Phase: Sendable, Hashable {
        case idle
        case waitingForSlot
        /// To be ended in this way, as soon as there is a slot.
        case waitingToStop(StopWay)
        case building(StartStep)
        case booting
        case running
        case debugging
        case askingPowerOff
        case askingShutdown
        case undoing(StartStep)
        /// Nothing can be done until `deadline`, or until the effect that is out reports.
        case zombie(StartStep)
        case releasing
    }

    /// How a domain is ended first; the stronger ways follow.
    enum StopWay: Sendable, Hashable { case powerOff, shutdown }

    struct Outstanding: Sendable, Hashable {
        var id: VMEffectID
        var effect: VMEffect
    }

    /// Takes one event. The actions are to be carried out in order.
    package mutating func receive(_ event: VMEvent, at now: Instant) -> [VMAction] {
        var actions: [VMAction] = []
        switch event {
        case .desired(let assignment): desire(assignment, now, &actions)
        case .slotGranted: slotGranted(now, &actions)
        case .finished(let id, let outcome): finished(id, outcome, now, &actions)
        case .observed(let sight): observed(sight, now, &actions)
        case .givenUp: giveUpDomain(now, &actions)
        case .released: released(now, &actions)
        case .tick: tick(now, &actions)
        }
        return actions
    }

    /// Takes over a live domain that a predecessor started, or whose row had disappeared and is back: called
    /// on an idle machine. The domain of this assignment is kept running; one of another is ended first.
    ///
    /// - Parameter epoch: of the live domain, from its metadata.
    package mutating func adopt(
        _ assignment: Assignment, liveUnder epoch: Epoch, at now: Instant
    ) -> [VMAction] {
        precondition(phase == .idle && outstanding == nil, "VM \(vm): only an idle machine adopts")
        var actions: [VMAction] = []
        desired = assignment
        error = nil
        endedByGuest = false
        let image = assignment.images.first { $0.id == assignment.vm.observation.image }
        plan = StartPlan(assignment: assignment, image: image, isAdopted: true)
        adoptedAt = now
        if isWanted, epoch == assignment.vm.intent.epoch {
            // Rules and reservation are made sure of; the domain itself and its secret are left alone.
            enterBuilding(.filter, now, &actions)
        } else {
            askPowerOff(now, &actions)
        }
        return actions
    }

    // MARK: What the store wants

    var isWanted: Bool {
        guard let desired, error == nil, !endedByGuest else { return false }
        return desired.vm.intent.wanted == .run
            && desired.vm.intent.epoch == (plan?.epoch ?? desired.vm.intent.epoch)
    }

    /// A desktop in use whose row has disappeared is kept: a store that lost its rows must not end desktops.
    var mayRunOn: Bool { isWanted || desired == nil }

    mutating func desire(_ assignment: Assignment?, _ now: Instant, _ actions: inout [VMAction]) {
        let isOver = assignment.map { $0.vm.intent.epoch <= (lastReleased?.epoch ?? .none) } ?? false
        desired = isOver ? nil : assignment
        switch phase {
        case .idle: startIfWanted(now, &actions)
        case .waitingForSlot where !isWanted: giveUpSlot(now, &actions)
        case .booting where !isWanted: askShutdown(now, &actions)
        case .running where !mayRunOn, .debugging where !mayRunOn: askPowerOff(now, &actions)
        case .building where outstanding == nil && !mayRunOn: askPowerOff(now, &actions)
        default: break  // a change in mid-step is met when the step reports
        }
    }

    /// An operator gave up a domain that has no row any more.
    mutating func giveUpDomain(_ now: Instant, _ actions: inout [VMAction]) {
        guard desired == nil else { return }
        switch phase {
        case .running, .debugging: askPowerOff(now, &actions)
        case .building where outstanding == nil: askPowerOff(now, &actions)
        default: break
        }
    }

    mutating func startIfWanted(_ now: Instant, _ actions: inout [VMAction]) {
        guard phase == .idle, let desired else { return }
        error = nil
        endedByGuest = false
        guard desired.vm.intent.wanted == .run else {
            plan = StartPlan(assignment: desired, image: nil)
            undo(from: .domain, now, &actions)
            return
        }
        switch ImageChoice.choose(for: desired) {
        case .success(let image):
            plan = StartPlan(assignment: desired, image: image)
            phase = .waitingForSlot
            deadline = nil
            actions.append(.requestSlot(.start))
        case .failure(let failure):
            plan = StartPlan(assignment: desired, image: nil)
            error = failure.words
            undo(from: .domain, now, &actions)
        }
    }

    mutating func giveUpSlot(_ now: Instant, _ actions: inout [VMAction]) {
        actions.append(.releaseSlot)
        undo(from: .domain, now, &actions)
    }

    mutating func slotGranted(_ now: Instant, _ actions: inout [VMAction]) {
        holdsSlot = true
        switch phase {
        case .waitingForSlot: enterBuilding(.disks, now, &actions)
        case .waitingToStop(.powerOff): askPowerOff(now, &actions)
        case .waitingToStop(.shutdown): askShutdown(now, &actions)
        default: giveBackSlot(&actions)
        }
    }

    // MARK: Results and time

    mutating func finished(
        _ id: VMEffectID, _ outcome: PortOutcome, _ now: Instant, _ actions: inout [VMAction]
    ) {
        guard let current = outstanding, current.id == id else { return }
        outstanding = nil
        if case .zombie(let step) = phase, current.effect.changesNode {
            // It took too long; whatever came of it is removed.
            undo(from: max(step, laterStep(of: current.effect)), now, &actions)
            return
        }
        switch (current.effect, outcome) {
        case (.build(let step), .done): built(step, now, &actions)
        case (.build(let step), .failed(let words)), (.build(let step), .unknown(let words)):
            buildFailed(step, words, now, &actions)
        case (.undo(let step), .done): undone(step, now, &actions)
        case (.undo(let step), .failed(let words)), (.undo(let step), .unknown(let words)):
            trouble = words
            becomeZombie(step, now, &actions)
        case (.ping, .done): answered(now, &actions)
        case (.ping, .failed(let words)), (.ping, .unknown(let words)): missed(words, now, &actions)
        case (.askPowerOff, .done), (.askShutdown, .done): break  // now the guest has until the deadline
        case (.askPowerOff, _): askShutdown(now, &actions)
        case (.askShutdown, _): undo(from: .domain, now, &actions)
        }
    }

    func laterStep(of effect: VMEffect) -> StartStep {
        switch effect {
        case .build(let step), .undo(let step): step
        case .ping, .askPowerOff, .askShutdown: .disks
        }
    }

    mutating func becomeZombie(_ step: StartStep, _ now: Instant, _ actions: inout [VMAction]) {
        phase = .zombie(step)
        giveBackSlot(&actions)
        deadline = now.advanced(by: limits.zombiePause(attempt: zombieAttempts))
        zombieAttempts += 1
    }

    mutating func tick(_ now: Instant, _ actions: inout [VMAction]) {
        guard let reached = deadline, reached <= now else { return }
        deadline = nil
        switch phase {
        case .idle, .waitingForSlot, .waitingToStop, .releasing: break
        case .building(let step) where outstanding == nil: enterBuilding(step, now, &actions)
        case .building where plan?.isAdopted == true:
            trouble = noAnswer  // the desktop is left alone; the answer is waited for
        case .building(let step):
            error = noAnswer
            awaitAnswer(step, &actions)
        case .undoing(let step):
            trouble = noAnswer
            awaitAnswer(step, &actions)
        case .booting, .running, .debugging:
            if outstanding != nil {
                outstanding = nil
                missed(nil, now, &actions)
            } else {
                ping(now, &actions)
            }
        case .askingPowerOff:
            outstanding = nil
            askShutdown(now, &actions)
        case .askingShutdown:
            outstanding = nil
            undo(from: .domain, now, &actions)
        case .zombie(let step): undo(from: step, now, &actions)
        }
    }

    private var noAnswer: String { "the node has not answered for \(limits.step.components.seconds) s" }

    /// Nothing else is begun while an effect may still be at work.
    private mutating func awaitAnswer(_ step: StartStep, _ actions: inout [VMAction]) {
        phase = .zombie(step)
        zombieAttempts += 1
        giveBackSlot(&actions)
    }

    mutating func perform(
        _ effect: VMEffect, limit: Duration, _ now: Instant, _ actions: inout [VMAction]
    ) {
        guard let plan else { preconditionFailure("VM \(vm) has no plan for \(effect)") }
        if let outstanding { precondition(!outstanding.effect.changesNode, "VM \(vm): two effects at once") }
        effectCount += 1
        let id = VMEffectID(vm: vm, number: effectCount)
        outstanding = Outstanding(id: id, effect: effect)
        deadline = now.advanced(by: limit)
        actions.append(.perform(effect, id, plan))
    }

    mutating func giveBackSlot(_ actions: inout [VMAction]) {
        guard holdsSlot else { return }
        holdsSlot = false
        actions.append(.releaseSlot)
    }
}

/// Since when an agent has been silent, and how often it was asked in vain.
struct AgentSilence: Sendable, Hashable {
    var since = Instant.start
    var misses = 0
    /// Why the last try failed, if anything was said.
    var words: String?

    /// To end an error with.
    var reason: String { words.map { "; the last try: \($0)" } ?? "" }
}
