package import FarmModel

/// The life of one VM on one node, as decisions only: events in, actions out, time passed in.
///
///                  desired run               all steps done           agent answers
///     idle ───────────────► starting(slot) ─► starting(step…) ─► starting(agent) ─► running ◄─► debugging
///      ▲                       │ failed, or wanted to stop │            │              │
///      │                       ▼                           ▼            ▼              ▼
///      │                 stopping(undo, last step first) ◄── stopping(power off → shutdown → destroy)
///      │                       │ all undone        ▲ │ a step fails or does not answer
///      └── released ◄── releasing                  │ ▼
///                                               zombie: keeps its node and its row, tried again with back-off
///
/// One effect that changes the node is out at a time; nothing else is begun until it reports, for its late half
/// could otherwise meet the undoing of it. Effects that only ask (ping, power off) are dropped when overtaken.
/// `deadline` is the one moment at which the machine wants a `.tick`.
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
    var outstanding: Outstanding?
    package internal(set) var deadline: Instant?
    var holdsSlot = false
    var effectCount: Int64 = 0
    var restarts = 0
    var runningSince: Instant?
    var silence = AgentSilence()
    /// Since when a look at the node must show the domain live; an older look says nothing of it.
    var domainSince: Instant?
    /// The domain ended while an effect was out.
    var domainEnded: StopReason?
    /// The domain ended by itself and the store shall be told to want it no more.
    var endedByGuest = false
    var zombieAttempts = 0
    /// Why an adopted domain's rules or reservation are not yet made sure of.
    var adoptionTrouble: String?
    /// The last start that was given back to the store. Its epoch is over: what the store said of it before is old,
    /// and a domain of it that appears after all is a late answer's and is removed.
    var lastReleased: StartPlan?

    package init(vm: VMID, limits: VMTimeLimits) {
        self.vm = vm
        self.limits = limits
    }

    enum Phase: Sendable, Hashable {
        case idle
        case waitingForSlot
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
        case .released: released(now, &actions)
        case .tick: tick(now, &actions)
        }
        return actions
    }

    /// Takes over what a predecessor left on the node: called once, before any other event, when the node already
    /// has something of the VM. A live domain is kept running; anything else is undone first.
    package mutating func adopt(_ assignment: Assignment?, isDomainLive: Bool, at now: Instant) -> [VMAction] {
        precondition(phase == .idle && outstanding == nil, "adopt is the first event")
        var actions: [VMAction] = []
        desired = assignment
        guard let assignment else { return actions }
        let image = assignment.images.first { $0.id == assignment.vm.observation.image }
        plan = StartPlan(assignment: assignment, image: image, isAdopted: isDomainLive)
        if isDomainLive, isWanted {
            // Rules and reservation are made sure of; the domain itself and its secret are left alone.
            enterBuilding(.filter, now, &actions)
        } else if isDomainLive {
            askPowerOff(now, &actions)
        } else {
            undo(from: .domain, now, &actions)
        }
        return actions
    }

    // MARK: What others may know

    /// What the store shall say of the VM.
    struct Said: Sendable, Hashable {
        var state: VMState
        var detail: String
        var error: String?
        var image: ImageID?
    }

    /// Nil while the VM is none of this node's business.
    var said: Said? {
        guard let plan, phase != .idle else { return nil }
        return Said(state: state, detail: detail, error: error, image: plan.image?.id)
    }

    /// A domain may be live, so its tap must have its rules.
    var needsFilter: Bool {
        switch phase {
        case .booting, .running, .debugging, .askingPowerOff, .askingShutdown: true
        case .idle, .waitingForSlot, .building, .undoing, .zombie, .releasing: false
        }
    }

    package var state: VMState {
        switch phase {
        case .idle: .stopped
        case .waitingForSlot, .building, .booting: .starting
        case .running: .running
        case .debugging: .debugging
        case .askingPowerOff, .askingShutdown, .undoing, .releasing: .stopping
        case .zombie: .zombie
        }
    }

    package var isIdle: Bool { phase == .idle }

    var detail: String {
        switch phase {
        case .idle, .running: ""
        case .waitingForSlot: "waiting for other VMs that are starting or stopping"
        case .building(let step): adoptionTrouble.map { "\(step.words): \($0)" } ?? step.words
        case .booting: "waiting for the agent to answer"
        case .debugging: "the agent does not answer; kept for inspection"
        case .askingPowerOff: "asked the agent to power off"
        case .askingShutdown: "asked the guest to shut down"
        case .undoing(let step): "removing the \(step.words)"
        case .zombie(let step):
            outstanding == nil
                ? "the \(step.words) could not be removed; tried \(zombieAttempts) times"
                : "the node has not answered about the \(step.words)"
        case .releasing: "telling the store"
        }
    }

    var isWanted: Bool {
        guard let desired, error == nil, !endedByGuest else { return false }
        return desired.vm.intent.wanted == .run && desired.vm.intent.epoch == (plan?.epoch ?? desired.vm.intent.epoch)
    }

    // MARK: What the store wants

    mutating func desire(_ assignment: Assignment?, _ now: Instant, _ actions: inout [VMAction]) {
        let isOver = assignment.map { $0.vm.intent.epoch <= lastReleased?.epoch ?? .none } ?? false
        desired = isOver ? nil : assignment
        switch phase {
        case .idle: startIfWanted(now, &actions)
        case .waitingForSlot where !isWanted: giveUpSlot(now, &actions)
        case .booting where !isWanted: askShutdown(now, &actions)
        case .running where !isWanted, .debugging where !isWanted: askPowerOff(now, &actions)
        default: break  // a change in mid-step is met when the step reports
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
            actions.append(.requestSlot)
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
        guard phase == .waitingForSlot else {
            actions.append(.releaseSlot)
            return
        }
        holdsSlot = true
        enterBuilding(.disks, now, &actions)
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
            error = words
            becomeZombie(step, now, &actions)
        case (.ping, .done): answered(now, &actions)
        case (.ping, _): missed(now, &actions)
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

    mutating func domainStopped(_ reason: StopReason, _ now: Instant, _ actions: inout [VMAction]) {
        switch phase {
        case .booting, .running, .debugging, .askingPowerOff, .askingShutdown:
            outstanding = nil
            ended(reason, now, &actions)
        case .building where outstanding == nil: ended(reason, now, &actions)
        case .building: domainEnded = reason
        case .idle, .waitingForSlot, .undoing, .zombie, .releasing: break
        }
    }

    mutating func observed(_ sight: DomainSight, _ now: Instant, _ actions: inout [VMAction]) {
        if sight.isLive {
            liveDomainSeen(sight, now, &actions)
            return
        }
        if let domainSince, domainSince >= sight.asOf { return }
        switch phase {
        case .booting, .running, .debugging: domainStopped(sight.stopReason ?? .crashed, now, &actions)
        case .askingPowerOff, .askingShutdown: domainStopped(.shutdown, now, &actions)
        case .building(let step) where plan?.isAdopted == true && step >= .filter:
            domainStopped(sight.stopReason ?? .crashed, now, &actions)
        default: break
        }
    }

    /// A domain that an earlier, unanswered call made after all is removed.
    mutating func liveDomainSeen(_ sight: DomainSight, _ now: Instant, _ actions: inout [VMAction]) {
        switch phase {
        case .idle:
            guard let lastReleased, let epoch = sight.epoch, epoch <= lastReleased.epoch else { return }
            plan = lastReleased
            undo(from: .domain, now, &actions)
        case .waitingForSlot: giveUpSlot(now, &actions)
        default: break
        }
    }

    mutating func tick(_ now: Instant, _ actions: inout [VMAction]) {
        guard let reached = deadline, reached <= now else { return }
        deadline = nil
        switch phase {
        case .idle, .waitingForSlot, .releasing: break
        case .building(let step) where outstanding == nil: enterBuilding(step, now, &actions)
        case .building(let step), .undoing(let step):
            error = error ?? "the node has not answered about the \(step.words) for \(limits.step.components.seconds) s"
            phase = .zombie(step)
            zombieAttempts += 1
            giveBackSlot(&actions)
        case .booting, .running, .debugging:
            if outstanding != nil {
                outstanding = nil
                missed(now, &actions)
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
}
