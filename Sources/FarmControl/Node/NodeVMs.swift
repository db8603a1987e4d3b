import FarmModel

/// The machines of a node's VMs, and the slots that they share.
struct NodeVMs: Sendable, Hashable {
    private let limits: VMTimeLimits
    private(set) var machines: [VMID: VMMachine] = [:]
    private(set) var slots: SlotQueue
    /// The machines' deadlines.
    private var wakeTimes = WakeTimes()

    init(_ policy: NodePolicy) {
        limits = policy.limits
        slots = SlotQueue(capacity: policy.heavyMax)
    }

    subscript(vm: VMID) -> VMMachine? { machines[vm] }

    /// Nobody works on the VM.
    func isIdle(_ vm: VMID) -> Bool { machines[vm]?.isIdle ?? true }

    /// The earliest moment at which one of them wants to be woken.
    var deadline: Instant? { wakeTimes.first }

    /// What is out that may still make something on the node.
    var effectsThatBuild: [VMEffectID] {
        machines.values.compactMap { machine in
            guard let out = machine.progress.outstanding, case .build = out.effect else { return nil }
            return out.id
        }
    }

    mutating func give(_ event: VMEvent, to vm: VMID, at now: Instant, _ changes: inout NodeChanges) {
        let old = machines[vm]?.deadline
        let results = machines[vm, default: VMMachine(vm: vm, limits: limits)].receive(event, at: now)
        wakeTimes.move(vm, from: old, to: machines[vm]?.deadline)
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
        for vm in wakeTimes.due(at: now) {
            if let due = machines[vm]?.deadline, due <= now { give(.tick, to: vm, at: now, &changes) }
        }
    }

    /// Numbers of VMs are never used again, so nothing that could come late needs the machine of a deleted one.
    mutating func forget(_ vm: VMID) {
        wakeTimes.move(vm, from: machines[vm]?.deadline, to: nil)
        machines[vm] = nil
    }

    func normalized(_ moments: Normalization) -> NodeVMs {
        var copy = self
        for (vm, machine) in machines { copy.machines[vm] = machine.normalized(moments) }
        // They say nothing that the machines do not say.
        copy.wakeTimes = WakeTimes()
        return copy
    }
}
