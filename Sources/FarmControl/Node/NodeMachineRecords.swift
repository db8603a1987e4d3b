import FarmModel

/// How a node keeps the store's rows true, whatever becomes of its answers.
extension NodeMachine {
    mutating func recorded(
        _ vm: VMID, _ outcome: RecordOutcome, _ now: Instant, _ touched: inout [VMID],
        _ actions: inout [NodeAction]
    ) {
        recording[vm]?.isOut = false
        switch outcome {
        case .done: recording[vm]?.isYoungerThanReading = isReading
        case .stale: readStore(&actions)
        case .failed:
            recording[vm]?.said = nil
            recording[vm]?.retryAt = now.advanced(by: policy.retryAfter)
        }
        touched.append(vm)
    }

    /// A row that says something else than what the store took last is said again: an earlier record that was given
    /// up may have reached the store after it.
    mutating func compare(_ list: [Assignment], _ now: Instant) {
        for assignment in list {
            let vm = assignment.vm.id
            guard let entry = recording[vm], !entry.isOut, entry.retryAt == nil, let said = entry.said else { continue }
            recording[vm]?.isYoungerThanReading = false
            let row = assignment.vm.observation
            guard !entry.isYoungerThanReading, entry.epoch == assignment.vm.intent.epoch,
                (row.state, row.detail, row.image) != (said.state, said.detail, said.image)
            else { continue }
            recording[vm]?.said = nil
            recording[vm]?.retryAt = now.advanced(by: policy.retryAfter)
        }
    }

    /// After a VM's event: says to the store what is new, and drops what is over.
    mutating func settle(_ vm: VMID, _ wall: WallTime, _ actions: inout [NodeAction]) {
        guard let machine = machines[vm] else { return }
        guard let said = machine.said, let epoch = machine.plan?.epoch else {
            settleIdle(vm, &actions)
            return
        }
        var entry = recording[vm] ?? Recording(epoch: epoch)
        if entry.state != said.state {
            let words = said.error ?? said.detail
            actions.append(
                .report(said.state == .zombie ? .zombie(vm, words) : .state(vm, said.state, said.error)))
            entry.state = said.state
            entry.since = wall
        }
        defer { recording[vm] = entry }
        guard !entry.isOut, entry.retryAt == nil, entry.said != said || entry.epoch != epoch else { return }
        entry.epoch = epoch
        entry.said = said
        entry.isOut = true
        let observation = Observation(
            state: said.state, since: entry.since, detail: said.detail, lastError: said.error,
            image: said.image)
        actions.append(.record(observation, of: vm, epoch: epoch))
    }

    private mutating func settleIdle(_ vm: VMID, _ actions: inout [NodeAction]) {
        guard let entry = recording[vm] else { return }
        if let state = entry.state, state != .stopped {
            recording[vm]?.state = .stopped
            actions.append(.report(.state(vm, .stopped, nil)))
        }
        if !entry.isOut { recording[vm] = nil }
    }
}
