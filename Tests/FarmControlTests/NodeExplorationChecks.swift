import FarmModel

@testable import FarmControl

/// The invariants, looked at after every event.
extension NodeSearchState: SearchedState {
    static let undisturbedMax = 600

    /// Everything is asked of a world that is not at rest.
    var brokenAtRest: String? { nil }

    /// All else that the search is about comes about in any of its worlds.
    var met: [String] { hasFenced ? ["a node has fenced"] : [] }

    /// The first broken rule, in words; nil when all hold.
    var broken: String? {
        if let violation { return violation }
        for vm in vms {
            if let words = brokenRules(vm) ?? brokenRow(vm) ?? brokenAssignment(vm) ?? brokenArming(vm) {
                return "\(words) (VM \(vm))"
            }
        }
        if machine.mode == .fencing {
            return machine.deadline == nil ? "armed-deadline: a fence that waits for nothing" : brokenQuestions
        }
        return brokenSlots ?? brokenQuestions
    }

    private func brokenRules(_ vm: VMID) -> String? {
        // A fence takes the tap first, and with it the way of every frame: a daemon that dies then leaves it so.
        guard ghosts[vm]?.hasLostTap != true, let domain = domains[vm], !domain.isStray else { return nil }
        return taps.contains(vm) && filters.contains(vm)
            ? nil : "rules-before-domain: live without tap or rules"
    }

    /// A row that says running has a domain, or the machine has not yet seen it die, or is about to say so.
    private func brokenRow(_ vm: VMID) -> String? {
        guard row(vm)?.observation.state == .running, domains[vm] == nil, machine.mode.converges else { return nil }
        if machine.vms[vm]?.state == .running { return nil }
        if machine.reports.isUnderWay(vm) { return nil }
        // An earlier record came late, or twice: the next reading finds that the row says something else.
        if ghosts[vm]?.mayBeOverwritten == true, let report = machine.reports.lastReport(of: vm),
            report.state != .running
        {
            return nil
        }
        if case .releasing = machine.vms[vm]?.phase { return nil }
        return "true-row: says running, and nobody is about to correct it"
    }

    /// While there is anything of a VM on the node, its row says that the node has begun it: a desktop that runs can
    /// be started nowhere else. What is left of an ended start, and what nobody asked for, is somebody's to remove.
    private func brokenAssignment(_ vm: VMID) -> String? {
        guard let row = row(vm) else {
            return domains[vm]?.isStray ?? true ? nil : "own-row: VM \(vm) lives without a row"
        }
        if let domain = domains[vm], !domain.isStray {
            guard row.intent.node == Self.node, row.intent.hasBegun, row.intent.epoch == domain.epoch else {
                return "own-row: lives under epoch \(domain.epoch), and its row says \(row.intent)"
            }
        }
        if overlays.contains(vm) || secrets.contains(vm), !row.intent.hasBegun, !wasDisowned(vm) {
            return "begin: something was made before the store knew of it"
        }
        return nil
    }

    /// What is left was made under an assignment that is over.
    private func wasDisowned(_ vm: VMID) -> Bool { ghosts[vm]?.mayBeStray == true }

    private func brokenArming(_ vm: VMID) -> String? {
        // A node that fences has no ear for its VMs' machines any more.
        guard machine.mode != .fencing, let one = machine.vms[vm], one.phase != .idle else { return nil }
        let changing = pending.filter {
            if case .perform(let effect, let id, _, _) = $0.call {
                id.vm == vm && effect.step != nil
            } else {
                false
            }
        }
        if changing.count > 1 { return "one-effect: two are out" }
        if let outstanding = one.progress.outstanding {
            let isOut = pending.contains {
                switch $0.call {
                case .perform(_, let id, _, _), .begin(let id, _, _): id == outstanding.id
                default: false
                }
            }
            if isOut || one.deadline != nil { return nil }
            return "armed-deadline: waits for an effect that is not out"
        }
        if one.deadline != nil { return nil }
        switch one.phase {
        case .running: return one.awaitsSweep ? nil : "armed-deadline: runs, and its agent is not asked again"
        case .waitingForSlot, .waitingToStop:
            return machine.vms.slots.waiting.contains(vm)
                ? nil : "armed-deadline: waits for a slot without asking"
        default: return "armed-deadline: \(one.phase) waits for nothing"
        }
    }

    private var brokenSlots: String? {
        for vm in machine.vms.slots.holders.sorted() where machine.vms[vm]?.progress.holdsSlot != true {
            return "slots: VM \(vm) holds one without knowing"
        }
        for vm in vms where machine.vms[vm]?.progress.holdsSlot == true && !machine.vms.slots.holders.contains(vm) {
            return "slots: VM \(vm) thinks it holds one"
        }
        if !machine.vms.slots.waiting.isEmpty, machine.vms.slots.holders.count < machine.vms.slots.capacity {
            return "slots: one is free while a VM waits"
        }
        return nil
    }

    private var brokenQuestions: String? {
        let readIsOut = pending.contains { if case .read = $0.call { true } else { false } }
        if machine.mode != .fencing, machine.rowWords.question.isOut, !readIsOut {
            return "armed-deadline: a reading that nobody makes"
        }
        if machine.rowWords.question.isOut, machine.rowWords.question.wakeAt == nil {
            return "armed-deadline: a reading that is never given up"
        }
        for source in NodeSource.allCases {
            let question = machine.inventory[source]
            let isOut = pending.contains { $0.call == .look(source, number: question.number) }
            if question.isOut, !isOut { return "armed-deadline: a look at \(source) that nobody makes" }
            if question.isOut, question.wakeAt == nil { return "armed-deadline: a look at \(source) without a limit" }
        }
        return nil
    }

    /// What must hold at the moment at which the machine begins an effect.
    mutating func checkBeforePerforming(_ effect: VMEffect, _ id: VMEffectID, _ plan: StartPlan) {
        let vm = id.vm
        guard let domain = domains[vm], let ghost = ghosts[vm] else { return }
        switch effect {
        case .build(.domain):
            if !ghost.mayBeStray, !domain.isStray {
                violation = "one-domain: a second one of VM \(vm) is begun"
            }
        case .askPowerOff, .askShutdown, .undo(.domain):
            guard !domain.isStray, !ghost.wasStopped, !domain.isPoweringOff, let row = row(vm) else {
                return
            }
            if domain.isAcknowledged, row.intent.wanted == .run, row.intent.epoch == domain.epoch,
                row.intent.node == Self.node
            {
                violation = "wrong kill: \(effect) of VM \(vm), which runs and is wanted"
            }
        default: break
        }
    }

    /// Whether everything is as it is wanted, in words when it is not.
    var unsettled: String? {
        guard machine.mode != .fencing, pending.isEmpty, lateCreates.isEmpty, lateCalls.isEmpty else {
            return "something is under way"
        }
        for vm in vms {
            guard let row = row(vm) else { continue }
            if row.intent.node == Self.node {
                guard row.intent.wanted == .run else {
                    return "settles: VM \(vm) is wanted to stop and assigned"
                }
                guard row.observation.state == .running, domains[vm]?.epoch == row.intent.epoch else {
                    return "settles: VM \(vm) is wanted to run and is \(row.observation.state)"
                }
            } else {
                if row.intent.wanted == .run { return "settles: VM \(vm) is wanted to run nowhere" }
                // A daemon that knows nothing of the call that made it late reports it and leaves it to the
                // operator.
                if domains[vm]?.isStray == true, ghosts[vm]?.isReported == true { continue }
                if domains[vm] != nil || taps.contains(vm) || filters.contains(vm) || secrets.contains(vm) {
                    return "no-orphan: VM \(vm) left something"
                }
                if machine.vms[vm]?.isIdle == false { return "settles: VM \(vm) is not idle" }
            }
        }
        return nil
    }
}
