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
    package let farm: FarmID
    package let node: NodeID
    let policy: NodePolicy

    package internal(set) var machines: [VMID: VMMachine] = [:]
    var vmsByDomain: [DomainName: VMID] = [:]
    package internal(set) var slots: SlotQueue
    var recording: [VMID: Recording] = [:]
    var assignments: [VMID: Assignment]?
    /// Row-less domains that an operator gave up.
    var abandoned: Set<VMID> = []
    /// VMs that have a row anywhere in the farm.
    var known: Set<VMID> = []
    var view: NodeView?
    package internal(set) var isReady = false

    var isReading = false
    var isReadingAgain = false
    /// How many readings have begun; the last of them is out while `isReading`.
    var readings = 0
    var isLooking = false
    var isLookingAgain = false
    /// When the look that is out, or else the last one, began.
    var lookBegan = Instant.start
    /// When the look that brought `view` began.
    var viewBegan = Instant.start
    /// Why domains ended, as heard and not yet matched with a look.
    var heardStops: [VMID: HeardStop] = [:]
    /// Leftovers being removed; their VMs are not started until that is done.
    var collecting: Set<Leftover> = []
    /// VMs whose rules are being put back.
    var repairing: Set<VMID> = []
    /// Overlays of VMs without a row, with the number of the reading that was newest when that was seen.
    var rowlessOverlays: [VMID: Int] = [:]
    var nextRead: Instant?
    var nextLook: Instant?
    var reported = ReportedEpisodes()

    package init(farm: FarmID, node: NodeID, policy: NodePolicy) {
        self.farm = farm
        self.node = node
        self.policy = policy
        slots = SlotQueue(capacity: policy.heavyMax)
    }

    /// What was last said to the store of a VM, and whether an answer is awaited.
    struct Recording: Sendable, Hashable {
        var epoch: Epoch
        var said: VMMachine.Said?
        var isOut = false
        var retryAt: Instant?
        /// The reading that is out began before `said` was taken, and says nothing of it.
        var isYoungerThanReading = false
        /// The state that was last told to people, and since when it holds.
        var state: VMState?
        var since = WallTime(seconds: 0)
    }

    struct HeardStop: Sendable, Hashable {
        var reason: StopReason
        var at: Instant
    }

    /// The first actions, before any event.
    package mutating func start(at now: Instant) -> [NodeAction] {
        lookBegan = now
        isReading = true
        readings = 1
        isLooking = true
        return [.readStore, .look]
    }

    package mutating func receive(_ event: NodeEvent, at now: Instant, wall: WallTime) -> [NodeAction] {
        var actions: [NodeAction] = []
        var touched: [VMID] = []
        switch event {
        case .assignments(let list, let abandoned, let known):
            self.abandoned = Set(abandoned)
            self.known = Set(known)
            read(list, now, &touched, &actions)
        case .nodeRead(let state): if isReady, state != .running { actions.append(.recordRunning) }
        case .looked(let view): looked(view, now, &touched, &actions)
        case .lookFailed(let words):
            isLooking = false
            isLookingAgain = false
            nextLook = now.advanced(by: policy.retryAfter)
            reported.nodeUnreadable(words, &actions)
        case .readFailed(let words):
            isReading = false
            isReadingAgain = false
            nextRead = now.advanced(by: policy.retryAfter)
            reported.storeUnreachable(words, &actions)
        case .finished(let id, let outcome):
            // The secret that was just drawn is in the store; the first ping needs it.
            if machines[id.vm]?.outstanding?.effect == .build(.secret) { readStore(&actions) }
            give(id.vm, .finished(id, outcome), now, &touched, &actions)
        case .recorded(let vm, let outcome): recorded(vm, outcome, now, &touched, &actions)
        case .released(let vm):
            give(vm, .released, now, &touched, &actions)
            readStore(&actions)
        case .repaired(let vm): repairing.remove(vm)
        case .hypervisor(let event): heard(event, now, &actions)
        case .collected(let leftover): collected(leftover, now, &touched, &actions)
        case .storeChanged: readStore(&actions)
        case .tick: tick(now, &touched, &actions)
        }
        for vm in touched { settle(vm, wall, &actions) }
        return actions
    }

    /// The earliest moment at which `.tick` is wanted.
    package var deadline: Instant? {
        var earliest = [nextRead, nextLook].compactMap { $0 }.min()
        for machine in machines.values {
            if let deadline = machine.deadline { earliest = min(earliest ?? deadline, deadline) }
        }
        for entry in recording.values {
            if let retry = entry.retryAt { earliest = min(earliest ?? retry, retry) }
        }
        return earliest
    }

    // MARK: The two sources of truth

    mutating func readStore(_ actions: inout [NodeAction]) {
        guard !isReading else {
            isReadingAgain = true
            return
        }
        isReading = true
        readings += 1
        nextRead = nil
        actions.append(.readStore)
    }

    private mutating func look(_ now: Instant, _ actions: inout [NodeAction]) {
        guard !isLooking else {
            isLookingAgain = true
            return
        }
        isLooking = true
        lookBegan = now
        nextLook = nil
        actions.append(.look)
    }

    private mutating func read(
        _ list: [Assignment], _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        isReading = false
        nextRead = now.advanced(by: policy.readEvery)
        reported.storeReachable(&actions)
        assignments = Dictionary(uniqueKeysWithValues: list.map { ($0.vm.id, $0) })
        compare(list, now)
        if isReady {
            for assignment in list where !isDesired(assignment) {
                want(assignment, now, &touched, &actions)
            }
            let gone = machines.keys.filter { assignments?[$0] == nil }.sorted()
            for vm in gone where machines[vm]?.desired != nil { give(vm, .desired(nil), now, &touched, &actions) }
            forgetDeletedVMs()
        } else {
            beginIfBothAreKnown(now, &touched, &actions)
        }
        if isReadingAgain {
            isReadingAgain = false
            readStore(&actions)
        }
    }

    private func isDesired(_ assignment: Assignment) -> Bool {
        machines[assignment.vm.id]?.desired == assignment
    }

    /// Numbers of VMs are never used again, so nothing that could come late needs these machines.
    private mutating func forgetDeletedVMs() {
        let gone = machines.keys.filter { !known.contains($0) && assignments?[$0] == nil }.sorted()
        for vm in gone where machines[vm]?.isIdle == true {
            machines[vm] = nil
            vmsByDomain[DomainName(farm: farm, vm: vm)] = nil
            heardStops[vm] = nil
        }
    }

    private mutating func looked(
        _ view: NodeView, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        isLooking = false
        nextLook = now.advanced(by: policy.lookEvery)
        self.view = view
        viewBegan = lookBegan
        reported.nodeReadable(&actions)
        if isReady {
            let live = ownDomains(view).filter(\.value.isLive)
            for vm in machines.keys.sorted() {
                let sight = sight(of: vm, live[vm])
                give(vm, .observed(sight), now, &touched, &actions)
            }
            giveUpAbandoned(now, &touched, &actions)
            repairFilters(view, &actions)
            collectLeftovers(view, &actions)
        } else {
            beginIfBothAreKnown(now, &touched, &actions)
        }
        if isLookingAgain {
            isLookingAgain = false
            look(now, &actions)
        }
    }

    /// What was heard of an end belongs to this look, unless it was heard later and the look still saw the
    /// domain.
    private mutating func sight(of vm: VMID, _ domain: ObservedDomain?) -> DomainSight {
        let heard = heardStops[vm]
        if let heard, domain == nil || heard.at <= lookBegan { heardStops[vm] = nil }
        return DomainSight(
            isLive: domain != nil, epoch: domain?.owner?.epoch, asOf: lookBegan, stopReason: heard?.reason)
    }

    private mutating func beginIfBothAreKnown(
        _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        guard let assignments, let view else { return }
        isReady = true
        for vm in assignments.keys.sorted() {
            if let assignment = assignments[vm] { want(assignment, now, &touched, &actions) }
        }
        collectLeftovers(view, &actions)
        actions.append(.ready)
    }

    /// The store wants something of a VM. One whose domain was seen live, though nobody here started it, is
    /// adopted.
    mutating func want(
        _ assignment: Assignment, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        let vm = assignment.vm.id
        guard !isBeingCollected(vm) else { return }  // `.collected` comes back to it
        var machine = machines[vm] ?? VMMachine(vm: vm, limits: policy.limits)
        let isNews = machine.domainKnownAt.map { $0 < viewBegan } ?? true
        if machine.isIdle, isNews, let domain = view.flatMap({ ownDomains($0)[vm] }), domain.isLive,
            let epoch = domain.owner?.epoch
        {
            let first = machine.adopt(assignment, liveUnder: epoch, at: now)
            keep(machine)
            translate(first, vm, now, &touched, &actions)
        } else {
            give(vm, .desired(assignment), now, &touched, &actions)
        }
    }

    // MARK: Events for VMs

    mutating func give(
        _ vm: VMID, _ event: VMEvent, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        var machine = machines[vm] ?? VMMachine(vm: vm, limits: policy.limits)
        let result = machine.receive(event, at: now)
        keep(machine)
        if touched.last != vm { touched.append(vm) }
        translate(result, vm, now, &touched, &actions)
    }

    private mutating func keep(_ machine: VMMachine) {
        if machines.updateValue(machine, forKey: machine.vm) == nil {
            vmsByDomain[DomainName(farm: farm, vm: machine.vm)] = machine.vm
        }
    }

    private mutating func translate(
        _ results: [VMAction], _ vm: VMID, _ now: Instant, _ touched: inout [VMID],
        _ actions: inout [NodeAction]
    ) {
        if touched.last != vm { touched.append(vm) }
        for result in results {
            switch result {
            case .perform(let effect, let id, let plan):
                let secret = assignments?[vm]?.secret ?? plan.assignment.secret
                actions.append(.perform(effect, id, plan, secret))
            case .release(let error, let plan): actions.append(.release(plan, error: error))
            case .requestSlot(let use):
                if slots.request(vm, for: use) { give(vm, .slotGranted, now, &touched, &actions) }
            case .releaseSlot:
                if let next = slots.release(vm) { give(next, .slotGranted, now, &touched, &actions) }
            }
        }
    }

    private mutating func heard(_ event: HypervisorEvent, _ now: Instant, _ actions: inout [NodeAction]) {
        switch event {
        case .stopped(let name, let reason):
            // An event may be late and mean an earlier domain of the VM: it only says why, a look says
            // whether.
            guard let vm = vmsByDomain[name] else { break }
            heardStops[vm] = HeardStop(reason: reason, at: now)
            look(now, &actions)
        case .started, .connectionLost: break
        case .connectionRestored: look(now, &actions)
        }
    }

    private mutating func tick(_ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]) {
        if let due = nextRead, due <= now { readStore(&actions) }
        if let due = nextLook, due <= now { look(now, &actions) }
        for vm in machines.keys.sorted() {
            if let due = machines[vm]?.deadline, due <= now { give(vm, .tick, now, &touched, &actions) }
        }
        for vm in recording.keys.sorted() {
            if let retry = recording[vm]?.retryAt, retry <= now {
                recording[vm]?.retryAt = nil
                touched.append(vm)
            }
        }
    }
}
