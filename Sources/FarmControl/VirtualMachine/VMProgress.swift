import FarmModel

/// What a VM's machine is doing: its phase, its slot, the effect that is out, and the one moment at which it wants to
/// be woken. It gathers the actions of one event, and keeps the rules that hold for all of them.
struct VMProgress: Sendable, Hashable {
    private(set) var phase: VMPhase = .idle
    private(set) var holdsSlot = false
    private(set) var outstanding: Outstanding?
    private(set) var deadline: Instant?
    private var effectCount: Int64 = 0
    /// Empty between two events.
    private var actions: [VMAction] = []

    struct Outstanding: Sendable, Hashable {
        fileprivate(set) var id: VMEffectID
        let effect: VMEffect
    }

    mutating func takeActions() -> [VMAction] {
        defer { actions = [] }
        return actions
    }

    // MARK: Effects

    /// Begins the effect of a phase. Nothing that changes the node may be out.
    mutating func perform(_ effect: VMEffect, in phase: VMPhase, until deadline: Instant, _ plan: StartPlan) {
        let vm = plan.vm.id
        if let outstanding { precondition(outstanding.effect.step == nil, "VM \(vm): two effects at once") }
        self.phase = phase
        effectCount += 1
        let id = VMEffectID(vm: vm, number: effectCount)
        outstanding = Outstanding(id: id, effect: effect)
        self.deadline = deadline
        actions.append(.perform(effect, id, plan))
    }

    /// The effect that reports: nil when it is late, because something else was begun or it was given up.
    mutating func takeAnswered(_ id: VMEffectID) -> VMEffect? {
        guard let current = outstanding, current.id == id else { return nil }
        outstanding = nil
        return current.effect
    }

    /// Its answer is not waited for any more.
    mutating func drop() { outstanding = nil }

    /// Ends the domain beside an effect that is out and may never answer: whoever runs the VM elsewhere does not wait
    /// for it. Nothing is undone before the effect has reported. Saying it again does no harm.
    mutating func endDomainBeside(_ plan: StartPlan?) {
        guard let plan, let effect = outstanding?.effect, effect.step != nil, effect != .undo(.domain) else { return }
        actions.append(.endDomain(plan))
    }

    // MARK: Phases and time

    mutating func enter(_ phase: VMPhase) { self.phase = phase }

    /// Nothing can be done before `moment`, or before the effect that is out reports. The slot goes to somebody who can
    /// use it.
    mutating func wait(in phase: VMPhase, until moment: Instant?) {
        self.phase = phase
        giveBackSlot()
        deadline = moment
    }

    mutating func wake(at moment: Instant?) { deadline = moment }

    /// Whether the moment has come; then there is none any more.
    mutating func takeDeadline(at now: Instant) -> Bool {
        guard let reached = deadline, reached <= now else { return false }
        deadline = nil
        return true
    }

    // MARK: Slots

    mutating func waitForSlot(_ use: SlotUse, in phase: VMPhase) {
        self.phase = phase
        outstanding = nil
        deadline = nil
        actions.append(.requestSlot(use))
    }

    mutating func slotGranted() { holdsSlot = true }

    mutating func giveBackSlot() {
        guard holdsSlot else { return }
        holdsSlot = false
        actions.append(.releaseSlot)
    }

    /// Leaves its place in the queue, if it waits for a slot.
    mutating func giveUpWaiting() {
        switch phase {
        case .waitingForSlot, .waitingToStop: actions.append(.releaseSlot)
        default: break
        }
    }

    func normalized(_ moments: Normalization) -> VMProgress {
        var copy = self
        copy.deadline = deadline.map(moments.left)
        copy.effectCount = 0
        if let id = outstanding?.id { copy.outstanding?.id = VMEffectID(vm: id.vm, number: moments.number(id)) }
        return copy
    }
}
