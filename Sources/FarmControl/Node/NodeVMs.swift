import FarmModel

/// The machines of a node's VMs, and the slots that they share.
struct NodeVMs: Sendable, Hashable {
    private let limits: VMTimeLimits
    private(set) var machines: [VMID: VMMachine] = [:]
    private(set) var slots: SlotQueue
    private var summary = Summary()

    /// What is often asked of the machines, kept at each event of one, so that nobody goes through all of them.
    private struct Summary: Sendable, Hashable {
        /// The machines' deadlines.
        var wakeTimes = WakeTimes()
        /// The VMs that somebody works on.
        var busy: Set<VMID> = []
        /// The VMs whose desktop runs on without its row.
        var keptWithoutRow: Set<VMID> = []

        mutating func give(_ event: VMEvent, to machine: inout VMMachine, at now: Instant) -> [VMAction] {
            let old = machine.deadline
            let actions = machine.receive(event, at: now)
            wakeTimes.move(machine.vm, from: old, to: machine.deadline)
            if machine.isIdle { busy.remove(machine.vm) } else { busy.insert(machine.vm) }
            if machine.isKeptWithoutRow {
                keptWithoutRow.insert(machine.vm)
            } else {
                keptWithoutRow.remove(machine.vm)
            }
            return actions
        }

        mutating func forget(_ machine: VMMachine) {
            wakeTimes.move(machine.vm, from: machine.deadline, to: nil)
            busy.remove(machine.vm)
            keptWithoutRow.remove(machine.vm)
        }
    }

    init(_ policy: NodePolicy) {
        limits = policy.limits
        slots = SlotQueue(capacity: policy.heavyMax)
    }

    subscript(vm: VMID) -> VMMachine? { machines[vm] }

    // A machine is large, so these look at it in its place.

    /// Whether a look that sees this brings the VM nothing new.
    func expects(_ sight: DomainSight, of vm: VMID) -> Bool {
        machines.index(forKey: vm).map { machines.values[$0].expects(sight) } ?? false
    }

    /// What the VM's machine was last told of its row; nil without a machine.
    func row(of vm: VMID) -> RowWord? { machines.index(forKey: vm).map { machines.values[$0].assignment.row } }

    /// Nobody works on the VM.
    func isIdle(_ vm: VMID) -> Bool { !summary.busy.contains(vm) }

    /// Its row is gone, or older than its desktop, which runs on.
    func isKeptWithoutRow(_ vm: VMID) -> Bool { summary.keptWithoutRow.contains(vm) }

    /// The earliest moment at which one of them wants to be woken.
    var deadline: Instant? { summary.wakeTimes.first }

    /// The epoch of a VM's live domain that no machine works on, and whose assignment was not given back by this
    /// daemon: what appears after that is a late answer's, and is removed.
    func strayEpoch(of vm: VMID, _ domain: ObservedDomain?) -> Epoch? {
        guard isIdle(vm), let domain, domain.isLive, let epoch = domain.owner?.epoch else { return nil }
        guard let machine = machines[vm] else { return epoch }
        return machine.isNews(epoch) ? epoch : nil
    }

    /// Of the VMs whose tap must have its rules, those where that look did not find them whole.
    func plansWithoutRules(_ found: [ObservedFilter], asOf look: Instant) -> [StartPlan] {
        let whole = Set(found.filter(\.isComplete).map(\.tap.vm))
        return machines.keys.filter { !whole.contains($0) }.sorted().compactMap { vm in
            guard let machine = machines[vm], machine.needsFilter(asOf: look) else { return nil }
            return machine.plan
        }
    }

    /// What is out that may still make something on the node.
    var effectsThatBuild: [VMEffectID] {
        machines.values.compactMap { machine in
            guard let out = machine.progress.outstanding, case .build = out.effect else { return nil }
            return out.id
        }
    }

    mutating func give(_ event: VMEvent, to vm: VMID, at now: Instant, _ changes: inout NodeChanges) {
        let results = summary.give(event, to: &machines[vm, default: VMMachine(vm: vm, limits: limits)], at: now)
        changes.touch(vm)
        for result in results {
            switch result {
            case .perform(let effect, let id, let plan): changes.add(.perform(effect, id, plan))
            case .endDomain(let plan): changes.add(.endDomain(plan))
            case .requestSlot(let use):
                if slots.request(vm, for: use) { give(.slotGranted, to: vm, at: now, &changes) }
            case .releaseSlot:
                if let next = slots.release(vm) { give(.slotGranted, to: next, at: now, &changes) }
            }
        }
    }

    mutating func tick(at now: Instant, _ changes: inout NodeChanges) {
        for vm in summary.wakeTimes.due(at: now) {
            if let due = machines[vm]?.deadline, due <= now { give(.tick, to: vm, at: now, &changes) }
        }
    }

    /// Asks every agent that answered its last question. One that did not is asked again soon, by its VM's own time.
    mutating func askAgents(at now: Instant, _ changes: inout NodeChanges) {
        let due = machines.indices.filter { machines.values[$0].awaitsSweep }.map { machines.keys[$0] }
        for vm in due.sorted() { give(.agentDue, to: vm, at: now, &changes) }
    }

    /// Numbers of VMs are never used again, so nothing that could come late needs the machine of a deleted one.
    mutating func forget(_ vm: VMID) {
        if let machine = machines.removeValue(forKey: vm) { summary.forget(machine) }
    }

    func normalized(_ moments: Normalization) -> NodeVMs {
        var copy = self
        for (vm, machine) in machines { copy.machines[vm] = machine.normalized(moments) }
        // It says nothing that the machines do not say.
        copy.summary = Summary()
        return copy
    }
}
