package import FarmModel

/// One node's house keeping, as decisions only: holds every VM's machine, the slots for heavy work, what is
/// recorded and what is not, and when to look at the node and the store.
///
///     first reading ─┐
///                    ├─► adopt or start what is assigned, collect leftovers ─► ready ─► converge, for ever
///     first look ────┘
///
/// It never acts before it has both: what is wanted and what exists.
package struct NodeMachine: Sendable, Hashable {
    private let farm: FarmID
    private let policy: NodePolicy
    private(set) var vms: NodeVMs
    private(set) var readings = StoreReadings()
    private(set) var looks: NodeLooks
    private(set) var reports: RowReports
    private(set) var isReady = false
    private var serving = Serving()
    private var heardStops = HeardStops()
    private var repairs = Repairs()
    private var episodes = ReportedEpisodes()

    package init(farm: FarmID, node: NodeID, policy: NodePolicy) {
        self.farm = farm
        self.policy = policy
        vms = NodeVMs(policy)
        looks = NodeLooks(farm: farm, node: node)
        reports = RowReports(retryAfter: policy.retryAfter)
    }

    /// Takes one event; the first is `.started`. The actions are to be carried out in order.
    package mutating func receive(_ event: NodeEvent, at now: Instant, wall: WallTime) -> [NodeAction] {
        var changes = NodeChanges()
        switch event {
        case .started:
            readStore(&changes)
            look(now, &changes)
        case .read(let wanted): read(wanted, now, &changes)
        case .looked(let inventory): looked(inventory, now, &changes)
        case .lookFailed(let words):
            looks.failed(retryAt: now.advanced(by: policy.retryAfter))
            episodes.nodeUnreadable(words, &changes)
        case .readFailed(let words):
            readings.failed(retryAt: now.advanced(by: policy.retryAfter))
            episodes.storeUnreachable(words, &changes)
        case .began(let id, let outcome): vms.give(.began(id, outcome), to: id.vm, at: now, &changes)
        case .finished(let id, let outcome): finished(id, outcome, now, &changes)
        case .recorded(let vm, let outcome):
            reports.told(vm, outcome, isReading: readings.isOut, at: now)
            if outcome == .stale { readStore(&changes) }
            changes.touch(vm)
        case .runningRecorded(let isDone): runningRecorded(isDone, now, &changes)
        case .repaired(let vm): repairs.repaired(vm)
        case .hypervisor(let event): heard(event, now, &changes)
        case .collected(let leftover):
            repairs.collected(leftover)
            meet(leftover.vm, now, &changes)
        case .storeChanged: readStore(&changes)
        case .tick: tick(now, &changes)
        }
        for vm in changes.touched {
            if let machine = vms[vm] { reports.tell(machine, at: wall, &changes) }
        }
        return changes.actions
    }

    /// The earliest moment at which `.tick` is wanted.
    package var deadline: Instant? {
        [readings.nextAt, looks.nextAt, serving.retryAt, vms.deadline, reports.deadline].compactMap { $0 }.min()
    }

    // MARK: The two sources of truth

    private mutating func readStore(_ changes: inout NodeChanges) {
        if readings.begin() { changes.add(.readStore(about: vmsOnNode)) }
    }

    /// The VMs of which there is something on the node, as far as is known.
    private var vmsOnNode: [VMID] {
        var all = Set(vms.machines.keys)
        all.formUnion(looks.domains.keys)
        all.formUnion(looks.inventory?.overlays ?? [])
        return all.sorted()
    }

    private mutating func look(_ now: Instant, _ changes: inout NodeChanges) {
        if looks.begin(at: now) { changes.add(.look) }
    }

    private mutating func read(_ wanted: DesiredState, _ now: Instant, _ changes: inout NodeChanges) {
        readings.took(wanted, nextAt: now.advanced(by: policy.readEvery))
        episodes.storeReachable(&changes)
        reports.compare(wanted.assignments, at: now)
        if isReady {
            if wanted.node.state != .running { recordRunning(&changes) }
            for vm in readings.vms { meet(vm, now, &changes) }
            forgetDeletedVMs()
        } else {
            beginIfBothAreKnown(now, &changes)
        }
        if readings.takeWantedAgain() { readStore(&changes) }
    }

    private mutating func forgetDeletedVMs() {
        for vm in readings.vms where readings.word(of: vm) == .none && vms[vm]?.isIdle == true {
            vms.forget(vm)
            heardStops.forget(vm)
        }
    }

    private mutating func looked(_ inventory: Inventory, _ now: Instant, _ changes: inout NodeChanges) {
        looks.took(inventory, nextAt: now.advanced(by: policy.lookEvery))
        episodes.nodeReadable(&changes)
        if isReady {
            for vm in vms.machines.keys.sorted() { vms.give(.observed(sight(of: vm)), to: vm, at: now, &changes) }
            meetIdleVMs(now, &changes)
            for vm in readings.abandoned.sorted() where vms[vm]?.isKeptWithoutRow == true {
                vms.give(.givenUp, to: vm, at: now, &changes)
            }
            repairs.putBackRules(plansWithoutRules(inventory), &changes)
            collectLeftovers(inventory, &changes)
        } else {
            beginIfBothAreKnown(now, &changes)
        }
        if looks.takeWantedAgain() { look(now, &changes) }
    }

    private mutating func sight(of vm: VMID) -> DomainSight {
        let domain = looks.domains[vm].flatMap { $0.isLive ? $0 : nil }
        let heard = heardStops.take(vm, isLive: domain != nil, lookBegan: looks.began)
        return DomainSight(
            isLive: domain != nil, epoch: domain?.owner?.epoch, asOf: looks.began, stopReason: heard)
    }

    private mutating func beginIfBothAreKnown(_ now: Instant, _ changes: inout NodeChanges) {
        guard readings.hasRead, let inventory = looks.inventory else { return }
        isReady = true
        meetIdleVMs(now, &changes)
        collectLeftovers(inventory, &changes)
        recordRunning(&changes)
    }

    private mutating func heard(_ event: HypervisorEvent, _ now: Instant, _ changes: inout NodeChanges) {
        switch event {
        case .stopped(let name, let reason):
            guard let vm = name.vm(in: farm), vms[vm] != nil else { break }
            heardStops.heard(reason, of: vm, at: now)
            look(now, &changes)
        case .started, .connectionLost: break
        case .connectionRestored: look(now, &changes)
        }
    }

    // MARK: The node's own row

    private mutating func recordRunning(_ changes: inout NodeChanges) {
        if serving.begin() { changes.add(.recordRunning) }
    }

    private mutating func runningRecorded(_ isDone: Bool, _ now: Instant, _ changes: inout NodeChanges) {
        if !isDone {
            serving.failed(retryAt: now.advanced(by: policy.retryAfter))
        } else if serving.told() {
            changes.add(.announceReady)
        }
    }

    // MARK: Rows meet domains

    /// The VMs of which something must be decided though nobody works on them: they are assigned here, or live here.
    private mutating func meetIdleVMs(_ now: Instant, _ changes: inout NodeChanges) {
        let found = Set(readings.assignedVMs).union(looks.liveVMs)
        for vm in found.sorted() where vms.isIdle(vm) { meet(vm, now, &changes) }
    }

    /// What the store says of a VM meets what is on the node. A domain that was seen live, though nobody here started
    /// it, is kept, ended or left alone by whose it is.
    private mutating func meet(_ vm: VMID, _ now: Instant, _ changes: inout NodeChanges) {
        guard !repairs.isCollecting(vm) else { return }  // `.collected` comes back to it
        let word = readings.word(of: vm)
        if let epoch = strayEpoch(of: vm) {
            switch Ownership(of: epoch, by: word) {
            case .mine, .notMine: vms.give(.adopted(word, liveUnder: epoch), to: vm, at: now, &changes)
            case .unknown: readStore(&changes)
            case .rowGone: break  // kept, and reported by the look
            }
        } else if let machine = vms[vm] {
            if machine.assignment.row != word { vms.give(.row(word), to: vm, at: now, &changes) }
        } else if word.assignment != nil {
            vms.give(.row(word), to: vm, at: now, &changes)
        }
    }

    /// The epoch of a live domain that no machine works on, and whose assignment was not given back by this daemon:
    /// what appears after that is a late answer's, and is removed.
    private func strayEpoch(of vm: VMID) -> Epoch? {
        guard let domain = looks.domains[vm], domain.isLive, let epoch = domain.owner?.epoch else { return nil }
        guard let machine = vms[vm] else { return epoch }
        return machine.isNews(epoch, toLookFrom: looks.inventoryBegan) ? epoch : nil
    }

    // MARK: What is to be put right

    private mutating func collectLeftovers(_ inventory: Inventory, _ changes: inout NodeChanges) {
        let leftovers = Leftovers(inventory, looks, readings, vms)
        repairs.collect(leftovers.toCollect, &changes)
        for (name, vm) in leftovers.withoutRow { episodes.domainWithoutRow(name, vm, &changes) }
        episodes.forgetDomains(except: leftovers.goneVMs)
    }

    private func plansWithoutRules(_ inventory: Inventory) -> [StartPlan] {
        let whole = Set(inventory.filters.filter { looks.isOurs($0.tap) && $0.isComplete }.map(\.tap.vm))
        return vms.machines.keys.sorted().compactMap { vm in
            guard !whole.contains(vm), let machine = vms[vm], machine.needsFilter(asOf: looks.began) else { return nil }
            return machine.plan
        }
    }

    // MARK: Results and time

    private mutating func finished(
        _ id: VMEffectID, _ outcome: PortOutcome, _ now: Instant, _ changes: inout NodeChanges
    ) {
        let wasIdle = vms.isIdle(id.vm)
        vms.give(.finished(id, outcome), to: id.vm, at: now, &changes)
        // It was given back: what was read before that is old.
        if !wasIdle, vms.isIdle(id.vm) { readStore(&changes) }
    }

    private mutating func tick(_ now: Instant, _ changes: inout NodeChanges) {
        if readings.isDue(at: now) { readStore(&changes) }
        if looks.isDue(at: now) { look(now, &changes) }
        if serving.isDue(at: now) { recordRunning(&changes) }
        vms.tick(at: now, &changes)
        for vm in reports.takeDue(at: now) { changes.touch(vm) }
    }

    /// For exhaustive searches; see `Normalization`.
    ///
    /// - Parameter number: the place of an effect among those that are out.
    package func normalized(at now: Instant, number: @escaping (VMEffectID) -> Int64) -> NodeMachine {
        var moments = [looks.began, looks.inventoryBegan] + heardStops.moments
        moments += vms.machines.values.compactMap(\.domain.knownAt)
        let places = Set(moments).sorted()
        let known = Normalization(
            now: now,
            rank: { moment in
                let later = places.firstIndex { $0 > moment } ?? places.count
                return Instant(nanoseconds: Int64(later) - 1)
            }, number: number)
        var copy = self
        copy.vms = vms.normalized(known)
        copy.readings = readings.normalized(known)
        copy.looks = looks.normalized(known)
        copy.reports = reports.normalized(known)
        copy.serving = serving.normalized(known)
        copy.heardStops = heardStops.normalized(known)
        return copy
    }
}
