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
    /// What the store said of each VM that is assigned here or was asked about; nil before the first reading.
    var words: [VMID: RowWord]?
    /// Row-less domains that an operator gave up.
    var abandoned: Set<VMID> = []
    var inventory: Inventory?
    /// Its domains that are of this farm and node: sorted out once, for every VM is looked up in them at each reading.
    var ownDomains: [VMID: ObservedDomain] = [:]
    package internal(set) var isReady = false
    /// How far the store knows that the node serves.
    var serving = Serving()

    var isReading = false
    var isReadingAgain = false
    var isLooking = false
    var isLookingAgain = false
    /// When the look that is out, or else the last one, began.
    var lookBegan = Instant.start
    /// When the look that brought `inventory` began.
    var inventoryBegan = Instant.start
    /// Why domains ended, as heard and not yet matched with a look.
    var heardStops: [VMID: HeardStop] = [:]
    /// Leftovers being removed; their VMs are not started until that is done.
    var collecting: Set<Leftover> = []
    /// VMs whose rules are being put back.
    var repairing: Set<VMID> = []
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

    struct Serving: Sendable, Hashable {
        var isRecording = false
        /// When the store is told again.
        var retryAt: Instant?
        var isAnnounced = false
    }

    struct HeardStop: Sendable, Hashable {
        var reason: StopReason
        var at: Instant
    }

    /// The first actions, before any event.
    package mutating func start(at now: Instant) -> [NodeAction] {
        lookBegan = now
        isReading = true
        isLooking = true
        return [.readStore(about: []), .look]
    }

    package mutating func receive(_ event: NodeEvent, at now: Instant, wall: WallTime) -> [NodeAction] {
        var actions: [NodeAction] = []
        var touched: [VMID] = []
        switch event {
        case .read(let wanted): read(wanted, now, &touched, &actions)
        case .looked(let inventory): looked(inventory, now, &touched, &actions)
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
        case .began(let id, let outcome): give(id.vm, .began(id, outcome), now, &touched, &actions)
        case .finished(let id, let outcome):
            let wasIdle = machines[id.vm]?.isIdle ?? true
            give(id.vm, .finished(id, outcome), now, &touched, &actions)
            // It was given back: what was read before that is old.
            if !wasIdle, machines[id.vm]?.isIdle == true { readStore(&actions) }
        case .recorded(let vm, let outcome): recorded(vm, outcome, now, &touched, &actions)
        case .runningRecorded(let isDone): runningRecorded(isDone, now, &actions)
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
        var earliest = [nextRead, nextLook, serving.retryAt].compactMap { $0 }.min()
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
        nextRead = nil
        actions.append(.readStore(about: vmsOnNode))
    }

    /// The VMs of which there is something on the node, as far as is known.
    private var vmsOnNode: [VMID] {
        var vms = Set(machines.keys)
        if let inventory {
            vms.formUnion(ownDomains.keys)
            vms.formUnion(inventory.overlays)
        }
        return vms.sorted()
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
        _ wanted: DesiredState, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        isReading = false
        nextRead = now.advanced(by: policy.readEvery)
        reported.storeReachable(&actions)
        var words: [VMID: RowWord] = [:]
        for vm in wanted.asked { words[vm] = RowWord.none }
        for row in wanted.elsewhere { words[row.vm.id] = .elsewhere(row) }
        for row in wanted.assignments { words[row.vm.id] = .assigned(row) }
        self.words = words
        abandoned = Set(wanted.abandoned)
        compare(wanted.assignments, now)
        if isReady {
            if wanted.node.state != .running { recordRunning(&actions) }
            for vm in words.keys.sorted() { meet(vm, now, &touched, &actions) }
            forgetDeletedVMs()
        } else {
            beginIfBothAreKnown(now, &touched, &actions)
        }
        if isReadingAgain {
            isReadingAgain = false
            readStore(&actions)
        }
    }

    func word(of vm: VMID) -> RowWord { words?[vm] ?? .unknown }
    func assignment(of vm: VMID) -> Assignment? { word(of: vm).assignment }

    /// Numbers of VMs are never used again, so nothing that could come late needs these machines.
    private mutating func forgetDeletedVMs() {
        let gone = machines.keys.filter { word(of: $0) == .none }.sorted()
        for vm in gone where machines[vm]?.isIdle == true {
            machines[vm] = nil
            vmsByDomain[DomainName(farm: farm, vm: vm)] = nil
            heardStops[vm] = nil
        }
    }

    private mutating func looked(
        _ inventory: Inventory, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        isLooking = false
        nextLook = now.advanced(by: policy.lookEvery)
        self.inventory = inventory
        ownDomains = domainsOfOurs(in: inventory)
        inventoryBegan = lookBegan
        reported.nodeReadable(&actions)
        if isReady {
            let live = ownDomains.filter(\.value.isLive)
            for vm in machines.keys.sorted() {
                let sight = sight(of: vm, live[vm])
                give(vm, .observed(sight), now, &touched, &actions)
            }
            meetIdleVMs(now, &touched, &actions)
            giveUpAbandoned(now, &touched, &actions)
            repairFilters(inventory, &actions)
            collectLeftovers(inventory, &actions)
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
        guard words != nil, let inventory else { return }
        isReady = true
        meetIdleVMs(now, &touched, &actions)
        collectLeftovers(inventory, &actions)
        recordRunning(&actions)
    }

    // MARK: The node's own row

    private mutating func recordRunning(_ actions: inout [NodeAction]) {
        guard !serving.isRecording else { return }
        serving.isRecording = true
        serving.retryAt = nil
        actions.append(.recordRunning)
    }

    private mutating func runningRecorded(_ isDone: Bool, _ now: Instant, _ actions: inout [NodeAction]) {
        serving.isRecording = false
        guard isDone else {
            serving.retryAt = now.advanced(by: policy.retryAfter)
            return
        }
        guard !serving.isAnnounced else { return }
        serving.isAnnounced = true
        actions.append(.announceReady)
    }

    // MARK: Rows meet domains

    /// The VMs of which something must be decided though nobody works on them: they are assigned here, or live here.
    private mutating func meetIdleVMs(_ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]) {
        guard let words else { return }
        var vms = Set(words.filter { $0.value.assignment != nil }.keys)
        vms.formUnion(ownDomains.filter(\.value.isLive).keys)
        for vm in vms.sorted() where machines[vm]?.isIdle ?? true { meet(vm, now, &touched, &actions) }
    }

    /// What the store says of a VM meets what is on the node. A domain that was seen live, though nobody here started
    /// it, is kept, ended or left alone by whose it is.
    mutating func meet(_ vm: VMID, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]) {
        guard !isBeingCollected(vm) else { return }  // `.collected` comes back to it
        let word = word(of: vm)
        if let epoch = strayEpoch(of: vm) {
            switch Ownership(of: epoch, by: word) {
            case .mine, .notMine: adopt(vm, word, epoch, now, &touched, &actions)
            case .unknown: readStore(&actions)
            case .rowGone: break  // kept, and reported by the look
            }
        } else if let machine = machines[vm] {
            if machine.row != word { give(vm, .row(word), now, &touched, &actions) }
        } else if word.assignment != nil {
            give(vm, .row(word), now, &touched, &actions)
        }
    }

    /// The epoch of a live domain that no machine works on, and whose assignment was not given back by this daemon:
    /// what appears after that is a late answer's, and is removed.
    private func strayEpoch(of vm: VMID) -> Epoch? {
        guard let domain = ownDomains[vm], domain.isLive, let epoch = domain.owner?.epoch else { return nil }
        guard let machine = machines[vm] else { return epoch }
        let isNews = machine.domainKnownAt.map { $0 < inventoryBegan } ?? true
        return machine.isIdle && isNews && epoch > (machine.lastReleased?.epoch ?? .none) ? epoch : nil
    }

    private mutating func adopt(
        _ vm: VMID, _ word: RowWord, _ epoch: Epoch, _ now: Instant, _ touched: inout [VMID],
        _ actions: inout [NodeAction]
    ) {
        var machine = machines[vm] ?? VMMachine(vm: vm, limits: policy.limits)
        let results = machine.adopt(word, liveUnder: epoch, at: now)
        keep(machine)
        translate(results, vm, now, &touched, &actions)
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
            case .perform(let effect, let id, let plan): actions.append(.perform(effect, id, plan))
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
        if let due = serving.retryAt, due <= now { recordRunning(&actions) }
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
