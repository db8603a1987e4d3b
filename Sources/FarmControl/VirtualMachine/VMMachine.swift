package import FarmModel

/// The life of one VM on one node, as decisions only: events in, actions out, time passed in.
///
///           wanted to run           begun              all steps done       agent answers
///     idle ──────► starting(slot) ─► starting(begin) ─► starting(step…) ─► starting(agent) ─► running ◄─► debugging
///      ▲              │ not wanted any more │              │ failed             │                │
///      │              │                     │              ▼                    ▼                ▼
///      │              │                     │     stopping(undo, last first) ◄─ stopping(slot, power off → shutdown)
///      │              ▼                     ▼              │ all undone     ▲ │ a step fails or does not answer
///      └─ released ◄─ releasing ◄───────────┴──────────────┘                │ ▼
///                                                              zombie: keeps node and row, is tried again, slower
///
/// Nothing on the node or its storage is touched before the store has answered that the start is begun. A domain whose
/// assignment is over (`Ownership.notMine(.now)`) goes to stopping(undo) from wherever it is, without a slot.
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
    /// What the store says of the VM, as last read.
    package internal(set) var row = RowWord.unknown
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
    /// How often the store did not take what it was told, since it last did.
    var storeAttempts = 0
    /// Since when the present step waits for an outside system to come up.
    var notYetSince: Instant?
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
        /// The store is told that the start begins...
        case beginning
        /// ...and has not answered; it is told again at `deadline`.
        case waitingForStore
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
        case .row(let word): rowRead(word, now, &actions)
        case .slotGranted: slotGranted(now, &actions)
        case .began(let id, let outcome): began(id, outcome, now, &actions)
        case .finished(let id, let outcome): finished(id, outcome, now, &actions)
        case .observed(let sight): observed(sight, now, &actions)
        case .givenUp: giveUpDomain(now, &actions)
        case .tick: tick(now, &actions)
        }
        return actions
    }

    /// Takes over a live domain that a predecessor started, or whose row had disappeared and is back: called
    /// on an idle machine. The domain of this assignment is kept running; one of another is ended.
    ///
    /// - Parameters:
    ///   - word: what the store says of the VM, which has a row.
    ///   - epoch: of the live domain, from its metadata.
    package mutating func adopt(_ word: RowWord, liveUnder epoch: Epoch, at now: Instant) -> [VMAction] {
        precondition(phase == .idle && outstanding == nil, "VM \(vm): only an idle machine adopts")
        guard let known = word.row else { preconditionFailure("VM \(vm): a domain without a row is not adopted") }
        var actions: [VMAction] = []
        row = word
        error = nil
        endedByGuest = false
        let image = known.images.first { $0.id == known.vm.observation.image }
        plan = StartPlan(assignment: known, image: image, isAdopted: true)
        adoptedAt = now
        switch Ownership(of: epoch, by: word) {
        case .mine, .rowGone, .unknown:
            // Rules and reservation are made sure of; the domain itself and its secret are left alone.
            enterBuilding(.filter, now, &actions)
        case .notMine(.politely): askPowerOff(now, &actions)
        case .notMine(.now): undo(from: .domain, now, &actions)
        }
        return actions
    }

    // MARK: What the store wants

    /// Whose the VM's domain is, or would be.
    var ownership: Ownership {
        guard let epoch = plan?.epoch ?? row.row?.vm.intent.epoch else { return .unknown }
        return Ownership(of: epoch, by: row)
    }

    var isWanted: Bool { error == nil && !endedByGuest && ownership == .mine }

    /// A desktop in use whose row has disappeared is kept: a store that lost its rows must not end desktops.
    var mayRunOn: Bool { isWanted || isForgotten }

    /// The store says nothing of the VM that this node could act on.
    var isForgotten: Bool { ownership == .rowGone || ownership == .unknown }

    /// The assignment is over, and the VM may be started elsewhere at any moment.
    var mustEndNow: Bool { ownership == .notMine(.now) }

    mutating func rowRead(_ word: RowWord, _ now: Instant, _ actions: inout [VMAction]) {
        let isOver = word.assignment.map { $0.vm.intent.epoch <= (lastReleased?.epoch ?? .none) } ?? false
        row = isOver ? .unknown : word
        switch phase {
        case .idle: startIfWanted(now, &actions)
        case .waitingForSlot where !isWanted, .waitingForStore where !isWanted: giveUpStart(now, &actions)
        case .building where outstanding == nil && mustEndNow: undo(from: .domain, now, &actions)
        case .building where outstanding == nil && !mayRunOn: endWithoutDelay(now, &actions)
        case .booting where mustEndNow, .running where mustEndNow, .debugging where mustEndNow,
            .waitingToStop where mustEndNow, .askingPowerOff where mustEndNow, .askingShutdown where mustEndNow:
            endNow(now, &actions)
        case .booting where !mayRunOn: askShutdown(now, &actions)
        case .running where !mayRunOn, .debugging where !mayRunOn: askPowerOff(now, &actions)
        default: break  // a change in mid-step is met when the step reports
        }
    }

    /// Past slots, and past whatever the guest was asked.
    private mutating func endNow(_ now: Instant, _ actions: inout [VMAction]) {
        if case .waitingToStop = phase { actions.append(.releaseSlot) }
        outstanding = nil
        undo(from: .domain, now, &actions)
    }

    /// Ends what waits between two tries of a step: a desktop that was adopted, or a start that has no domain yet.
    private mutating func endWithoutDelay(_ now: Instant, _ actions: inout [VMAction]) {
        guard case .building(let step) = phase, plan?.isAdopted != true else { return askPowerOff(now, &actions) }
        undo(from: step, now, &actions)
    }

    /// An operator gave up a domain that has no row any more.
    mutating func giveUpDomain(_ now: Instant, _ actions: inout [VMAction]) {
        guard ownership == .rowGone else { return }
        switch phase {
        case .booting, .running, .debugging: askPowerOff(now, &actions)
        case .building where outstanding == nil: askPowerOff(now, &actions)
        default: break
        }
    }

    mutating func startIfWanted(_ now: Instant, _ actions: inout [VMAction]) {
        guard phase == .idle, let wish = row.assignment else { return }
        error = nil
        endedByGuest = false
        guard wish.vm.intent.wanted == .run else {
            plan = StartPlan(assignment: wish, image: nil)
            undo(from: .domain, now, &actions)
            return
        }
        switch ImageChoice.choose(for: wish) {
        case .success(let image):
            plan = StartPlan(assignment: wish, image: image)
            waitForSlot(&actions)
        case .failure(let failure):
            plan = StartPlan(assignment: wish, image: nil)
            error = failure.words
            endBegun(now, &actions)
        }
    }

    mutating func waitForSlot(_ actions: inout [VMAction]) {
        phase = .waitingForSlot
        deadline = nil
        actions.append(.requestSlot(.start))
    }

    /// The start has touched nothing yet.
    private mutating func giveUpStart(_ now: Instant, _ actions: inout [VMAction]) {
        if phase == .waitingForSlot { actions.append(.releaseSlot) }
        giveBackSlot(&actions)
        endBegun(now, &actions)
    }

    mutating func slotGranted(_ now: Instant, _ actions: inout [VMAction]) {
        holdsSlot = true
        switch phase {
        case .waitingForSlot: begin(now, &actions)
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
        case (.build(let step), .notYet(let words)): buildNotYet(step, words, now, &actions)
        case (.build(let step), .failed(let words)), (.build(let step), .unknown(let words)):
            buildFailed(step, words, now, &actions)
        case (.undo(let step), .done): undone(step, now, &actions)
        case (.undo(let step), .notYet(let words)), (.undo(let step), .failed(let words)),
            (.undo(let step), .unknown(let words)):
            trouble = words
            becomeZombie(step, now, &actions)
        case (.begin, _): waitForStore("an answer that is none", now, &actions)
        case (.release, .done): released(now, &actions)
        case (.release, _): deadline = now.advanced(by: pauseForStore())
        case (.ping, .done): answered(now, &actions)
        case (.ping, .notYet(let words)), (.ping, .failed(let words)), (.ping, .unknown(let words)):
            missed(words, now, &actions)
        case (.askPowerOff, .done), (.askShutdown, .done): break  // now the guest has until the deadline
        case (.askPowerOff, _): askShutdown(now, &actions)
        case (.askShutdown, _): undo(from: .domain, now, &actions)
        }
    }

    func laterStep(of effect: VMEffect) -> StartStep {
        switch effect {
        case .build(let step), .undo(let step): step
        case .begin, .ping, .askPowerOff, .askShutdown, .release: .disks
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
        case .idle, .waitingForSlot, .waitingToStop: break
        case .beginning:
            outstanding = nil
            waitForStore("the store has not answered", now, &actions)
        case .waitingForStore: waitForSlot(&actions)
        case .releasing:
            outstanding = nil
            release(now, &actions)
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
        case .zombie(let step): undoStep(hasStrayDomain ? .domain : step, now, &actions)
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
