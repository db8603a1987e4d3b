package import FarmModel

/// One node's house keeping, as decisions only: holds every VM's machine, the slots for heavy work, what is recorded
/// and what is not, and when to look at the node and the store.
///
///     first reading ─┐
///                    ├─► adopt or start what is assigned, collect leftovers ─► ready ─► converge, for ever
///     first look ────┘
///
/// It never acts before it has both: what is wanted and what exists.
package struct NodeMachine: Sendable {
    package let farm: FarmID
    package let node: NodeID
    let policy: NodePolicy

    package private(set) var machines: [VMID: VMMachine] = [:]
    private var slots: SlotQueue
    private var recording: [VMID: Recording] = [:]
    private var assignments: [VMID: Assignment]?
    private var abandoned: Set<VMID> = []
    private var view: NodeView?
    package private(set) var isReady = false

    private var isReading = false
    private var isReadingAgain = false
    private var isLooking = false
    private var lookBegan = Instant.start
    private var isLookingAgain = false
    /// Why domains ended, as heard since the last look.
    private var heardStops: [VMID: StopReason] = [:]
    /// Leftovers being removed; their VMs are not started until that is done.
    private var collecting: Set<Leftover> = []
    private var nextRead: Instant?
    private var nextLook: Instant?
    private var reported = ReportedEpisodes()

    package init(farm: FarmID, node: NodeID, policy: NodePolicy) {
        self.farm = farm
        self.node = node
        self.policy = policy
        slots = SlotQueue(capacity: policy.heavyMax)
    }

    /// What was last said to the store of a VM, and whether an answer is awaited.
    private struct Recording: Sendable {
        var said: VMMachine.Said?
        var isOut = false
        var retryAt: Instant?
    }

    /// The first actions, before any event.
    package mutating func start(at now: Instant) -> [NodeAction] {
        lookBegan = now
        isReading = true
        isLooking = true
        return [.readStore, .look]
    }

    package mutating func receive(_ event: NodeEvent, at now: Instant, wall: WallTime) -> [NodeAction] {
        var actions: [NodeAction] = []
        var touched: [VMID] = []
        switch event {
        case .assignments(let list, let abandoned): read(list, abandoned, now, &touched, &actions)
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

    private mutating func readStore(_ actions: inout [NodeAction]) {
        guard !isReading else {
            isReadingAgain = true
            return
        }
        isReading = true
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
        _ list: [Assignment], _ abandoned: [VMID], _ now: Instant, _ touched: inout [VMID],
        _ actions: inout [NodeAction]
    ) {
        isReading = false
        nextRead = now.advanced(by: policy.readEvery)
        reported.storeReachable(&actions)
        let before = assignments ?? [:]
        let current = Dictionary(uniqueKeysWithValues: list.map { ($0.vm.id, $0) })
        assignments = current
        self.abandoned = Set(abandoned)
        if isReady {
            for assignment in list where before[assignment.vm.id] != assignment || !isDesired(assignment) {
                guard !isBeingCollected(assignment.vm.id) else { continue }
                give(assignment.vm.id, .desired(assignment), now, &touched, &actions)
            }
            for vm in machines.keys.sorted() where current[vm] == nil && machines[vm]?.desired != nil {
                give(vm, .desired(nil), now, &touched, &actions)
            }
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

    private mutating func looked(
        _ view: NodeView, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        isLooking = false
        nextLook = now.advanced(by: policy.lookEvery)
        self.view = view
        reported.nodeReadable(&actions)
        guard isReady else {
            beginIfBothAreKnown(now, &touched, &actions)
            return
        }
        let live = ownLiveDomains(view)
        let stops = heardStops
        for vm in machines.keys.sorted() {
            let sight = DomainSight(
                isLive: live[vm] != nil, epoch: live[vm]?.owner?.epoch, asOf: lookBegan, stopReason: stops[vm])
            if !sight.isLive { heardStops[vm] = nil }
            give(vm, .observed(sight), now, &touched, &actions)
        }
        repairFilters(view, &actions)
        collectLeftovers(view, live, &actions)
        if isLookingAgain {
            isLookingAgain = false
            look(now, &actions)
        }
    }

    private func ownLiveDomains(_ view: NodeView) -> [VMID: ObservedDomain] {
        var live: [VMID: ObservedDomain] = [:]
        for domain in view.domains where domain.isLive {
            if let owner = domain.owner, owner.farm == farm, owner.node == node { live[owner.vm] = domain }
        }
        return live
    }

    private mutating func beginIfBothAreKnown(
        _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        guard let assignments, let view else { return }
        isReady = true
        let live = ownLiveDomains(view)
        for vm in assignments.keys.sorted() {
            var machine = VMMachine(vm: vm, limits: policy.limits)
            let first = machine.adopt(assignments[vm], isDomainLive: live[vm] != nil, at: now)
            machines[vm] = machine
            translate(first, vm, now, &touched, &actions)
        }
        collectLeftovers(view, live, &actions)
        actions.append(.ready)
    }

    // MARK: Leftovers and repairs

    private mutating func collectLeftovers(
        _ view: NodeView, _ live: [VMID: ObservedDomain], _ actions: inout [NodeAction]
    ) {
        func isFree(_ vm: VMID) -> Bool {
            live[vm] == nil && (machines[vm]?.isIdle ?? true) && assignments?[vm] == nil
        }
        for tap in view.taps where isOurs(tap.name) && isFree(tap.name.vm) { collect(.tap(tap.name), &actions) }
        for filter in view.filters where isOurs(filter.tap) && isFree(filter.tap.vm) {
            collect(.filter(filter.tap), &actions)
        }
        for vm in view.secrets where isFree(vm) { collect(.secret(vm), &actions) }
        for vm in view.overlays where isFree(vm) { collect(.overlays(vm), &actions) }
        for vm in live.keys.sorted() where assignments?[vm] == nil && (machines[vm]?.isIdle ?? true) {
            if abandoned.contains(vm) {
                collect(.domain(vm), &actions)
            } else if let domain = live[vm] {
                reported.domainWithoutRow(domain.name, vm, &actions)
            }
        }
        reported.forgetDomains(except: Set(live.keys))
    }

    private mutating func collect(_ leftover: Leftover, _ actions: inout [NodeAction]) {
        guard collecting.insert(leftover).inserted else { return }
        actions.append(.collect(leftover))
    }

    private func isBeingCollected(_ vm: VMID) -> Bool { collecting.contains { $0.vm == vm } }

    private mutating func collected(
        _ leftover: Leftover, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        collecting.remove(leftover)
        guard !isBeingCollected(leftover.vm), let assignment = assignments?[leftover.vm] else { return }
        give(leftover.vm, .desired(assignment), now, &touched, &actions)
    }

    private func isOurs(_ tap: TapName) -> Bool { tap.farm == farm && tap.node == node }

    private func repairFilters(_ view: NodeView, _ actions: inout [NodeAction]) {
        let whole = Set(view.filters.filter(\.isComplete).map(\.tap.vm))
        for vm in machines.keys.sorted() where !whole.contains(vm) {
            if let machine = machines[vm], machine.needsFilter, let plan = machine.plan {
                actions.append(.repairFilter(plan))
            }
        }
    }

    // MARK: Events for VMs

    private mutating func give(
        _ vm: VMID, _ event: VMEvent, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        var machine = machines[vm] ?? VMMachine(vm: vm, limits: policy.limits)
        let result = machine.receive(event, at: now)
        machines[vm] = machine
        if touched.last != vm { touched.append(vm) }
        translate(result, vm, now, &touched, &actions)
    }

    private mutating func translate(
        _ results: [VMAction], _ vm: VMID, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        if touched.last != vm { touched.append(vm) }
        for result in results {
            switch result {
            case .perform(let effect, let id, let plan):
                let secret = assignments?[vm]?.secret ?? plan.assignment.secret
                actions.append(.perform(effect, id, plan, secret))
            case .release(let error, let plan): actions.append(.release(plan, error: error))
            case .requestSlot:
                if slots.request(vm) { give(vm, .slotGranted, now, &touched, &actions) }
            case .releaseSlot:
                if let next = slots.release(vm) { give(next, .slotGranted, now, &touched, &actions) }
            }
        }
    }

    private mutating func heard(_ event: HypervisorEvent, _ now: Instant, _ actions: inout [NodeAction]) {
        switch event {
        case .stopped(let name, let reason):
            // An event may be late and mean an earlier domain of the VM: it only says why, a look says whether.
            for vm in machines.keys.sorted() where DomainName(farm: farm, vm: vm) == name {
                heardStops[vm] = reason
                look(now, &actions)
            }
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

    // MARK: The store is kept true

    private mutating func recorded(
        _ vm: VMID, _ outcome: RecordOutcome, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        recording[vm]?.isOut = false
        switch outcome {
        case .done: break
        case .stale: readStore(&actions)
        case .failed:
            recording[vm]?.said = nil
            recording[vm]?.retryAt = now.advanced(by: policy.retryAfter)
        }
        touched.append(vm)
    }

    /// After a VM's event: says to the store what is new, and drops what is over.
    private mutating func settle(_ vm: VMID, _ wall: WallTime, _ actions: inout [NodeAction]) {
        guard let machine = machines[vm] else { return }
        guard let said = machine.said, let epoch = machine.plan?.epoch else {
            if recording[vm]?.isOut != true { recording[vm] = nil }
            return
        }
        var entry = recording[vm] ?? Recording()
        guard !entry.isOut, entry.retryAt == nil, entry.said != said else { return }
        if entry.said?.state != said.state { actions.append(.report(.state(vm, said.state, said.error))) }
        entry.said = said
        entry.isOut = true
        recording[vm] = entry
        let observation = Observation(
            state: said.state, since: wall, detail: said.detail, lastError: said.error, image: said.image)
        actions.append(.record(observation, of: vm, epoch: epoch))
    }
}
