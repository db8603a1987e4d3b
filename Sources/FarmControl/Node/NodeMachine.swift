package import FarmModel

/// One node's house keeping, as decisions only: holds every VM's machine, the slots for heavy work, what is
/// reported and what is not, and when to look at the node and the store.
///
///     first reading ─┐
///                    ├─► adopt or start what is assigned, collect leftovers ─► ready ─► converge, for ever
///     first look ────┘   at the hypervisor
///
/// It never acts before it has both: what is wanted and what runs. Each source of the node is looked at apart. What it
/// does for the farm is its `NodeMode`; told to fence, it ends all domains and does nothing else any more.
package struct NodeMachine: Sendable, Hashable {
    private let farm: FarmID
    private let policy: NodePolicy
    private(set) var vms: NodeVMs
    private(set) var rowWords = RowWords()
    private(set) var inventory: Inventory
    private(set) var reports: RowReports
    package private(set) var mode = NodeMode.joining
    /// What the store says of the node.
    private var isToDrain = false
    private var fence: Fence?
    private var serving = Serving()
    private var heardStops = HeardStops()
    private var repairs = Repairs()
    private var deletions: DiskDeletions
    private var episodes = ReportedEpisodes()
    /// The VMs to which something happened here since the last reading, or about which that could not say anything
    /// yet. For all others whose row has not changed a reading brings nothing.
    private var unsettled: Set<VMID> = []
    private var stock = Stock()

    /// - Parameter storages: those that the node has.
    package init(farm: FarmID, node: NodeID, policy: NodePolicy, storages: Set<StorageID> = [.standard]) {
        deletions = DiskDeletions(storages: storages)
        self.farm = farm
        self.policy = policy
        vms = NodeVMs(policy)
        inventory = Inventory(farm: farm, node: node)
        reports = RowReports(policy)
    }

    /// Takes one event; the first is `.started`. The actions are to be carried out in order.
    package mutating func receive(_ event: NodeEvent, at now: Instant, wall: WallTime) -> [NodeAction] {
        var changes = NodeChanges()
        if fence == nil { converge(on: event, now, &changes) } else { goOnFencing(on: event, now, &changes) }
        for vm in changes.touched {
            unsettled.insert(vm)
            if let machine = vms[vm] { reports.tell(machine, at: now, wall: wall, &changes) }
        }
        return changes.actions
    }

    private mutating func converge(on event: NodeEvent, _ now: Instant, _ changes: inout NodeChanges) {
        switch event {
        case .started:
            readStore(now, &changes)
            for source in NodeSource.allCases { look(source, now, &changes) }
        case .read(let wanted, let number): read(wanted, number, now, &changes)
        case .readChanges(let news, let vms, let number): readChanges(news, about: vms, number, now, &changes)
        case .readFailed(let words, let number): readFailed(words, number, now, &changes)
        case .looked(let found, let number): looked(found, number, now, &changes)
        case .lookFailed(let source, let words, let number):
            lookFailed(source, words, number, now, &changes)
        case .began(let id, let outcome): vms.give(.began(id, outcome), to: id.vm, at: now, &changes)
        case .finished(let id, let outcome): finished(id, outcome, now, &changes)
        case .reported(let vm, let outcome):
            reports.told(vm, outcome, isReading: rowWords.question.isOut, at: now)
            if outcome == .stale { readStore(now, &changes) }
            changes.touch(vm)
        case .runningReported(let isDone): runningReported(isDone, now, &changes)
        case .repaired(let vm): repairs.repaired(vm)
        case .hypervisor(let event): heard(event, now, &changes)
        case .collected(let leftover):
            repairs.collected(leftover)
            meet(leftover.vm, now, &changes)
        case .deletionEnded(let disk, let isOver):
            deletions.ended(disk, isOver: isOver, at: now, policy)
            deleteDisks(now, &changes)
        case .storeChanged: readStore(now, &changes)
        case .readDue, .readAllDue: if !rowWords.question.isOut { readStore(now, &changes) }
        case .lookDue:
            for source in NodeSource.allCases where !inventory[source].isOut { look(source, now, &changes) }
        case .agentsDue: vms.askAgents(at: now, &changes)
        case .fence: beginFencing(now, &changes)
        case .tick: tick(now, &changes)
        }
    }

    /// The earliest moment at which `.tick` is wanted.
    package var deadline: Instant? {
        if let fence { return mode == .fenced ? nil : [fence.retryAt, inventory.deadline].compactMap { $0 }.min() }
        let moments = [
            rowWords.question.wakeAt, inventory.deadline, serving.retryAt, vms.deadline, reports.deadline,
            deletions.deadline,
        ]
        return moments.compactMap { $0 }.min()
    }

    /// Whether the reading of that number is out.
    package func awaitsReading(_ number: Int64) -> Bool {
        rowWords.question.isOut && rowWords.question.number == number
    }

    // MARK: The two sources of truth

    private mutating func readStore(_ now: Instant, _ changes: inout NodeChanges) {
        guard let number = rowWords.question.ask(at: now, limit: policy.questionMax) else { return }
        changes.add(.readStore(about: stock.take(vms, inventory), number: number))
    }

    private mutating func look(_ source: NodeSource, _ now: Instant, _ changes: inout NodeChanges) {
        guard let number = inventory[source].ask(at: now, limit: policy.questionMax) else { return }
        changes.add(.look(source, number: number))
    }

    private mutating func read(
        _ wanted: DesiredState, _ number: Int64, _ now: Instant, _ changes: inout NodeChanges
    ) {
        guard rowWords.question.end(number) else { return }
        rowWords.took(wanted)
        deletions.read(wanted.diskDeletions)
        haveRead(wanted.node, of: rowWords.vms, now, &changes)
    }

    private mutating func readChanges(
        _ news: DesiredStateChanges, about vms: [VMID], _ number: Int64, _ now: Instant, _ changes: inout NodeChanges
    ) {
        guard rowWords.question.end(number) else { return }
        rowWords.took(news, about: vms)
        deletions.read(news.diskDeletions)
        let vms = unsettled.union(news.vms).filter { rowWords.word(of: $0) != .unknown }
        haveRead(news.node, of: vms.sorted(), now, &changes)
    }

    /// - Parameter vms: of whose rows something may come, sorted.
    private mutating func haveRead(
        _ node: Node, of vms: [VMID], _ now: Instant, _ changes: inout NodeChanges
    ) {
        episodes.storeReachable(&changes)
        isToDrain = node.isDraining
        unsettled = []
        for vm in vms {
            guard let row = rowWords.assignment(of: vm) else { continue }
            if !reports.compare(row, at: now) { unsettled.insert(vm) }
        }
        if mode.converges {
            setMode(isToDrain ? .draining : .serving, &changes)
            if node.state != .running { reportRunning(&changes) }
            for vm in vms { meet(vm, now, &changes) }
            forgetDeletedVMs(among: vms)
            deleteDisks(now, &changes)
        } else {
            beginIfBothAreKnown(now, &changes)
        }
        if rowWords.question.takeWantedAgain() { readStore(now, &changes) }
    }

    private mutating func readFailed(
        _ words: String, _ number: Int64, _ now: Instant, _ changes: inout NodeChanges
    ) {
        guard rowWords.question.fail(number, retryAt: now.advanced(by: policy.retryAfter)) else { return }
        episodes.storeUnreachable(words, &changes)
    }

    private mutating func forgetDeletedVMs(among found: [VMID]) {
        for vm in found where rowWords.word(of: vm) == .none && vms[vm]?.isIdle == true {
            vms.forget(vm)
            stock.forget()
            heardStops.forget(vm)
        }
    }

    private mutating func looked(
        _ found: SourceInventory, _ number: Int64, _ now: Instant, _ changes: inout NodeChanges
    ) {
        let source = found.source
        guard inventory[source].end(number) else { return }
        if inventory.took(found) { stock.forget() }
        episodes.sourceReadable(source, &changes)
        if fence != nil {
            carryOut(fence?.saw(source, inventory, at: now) ?? [], now, &changes)
        } else if mode.converges {
            if source == .hypervisor { domainsSeen(now, &changes) }
            putRight(source, &changes)
        } else {
            beginIfBothAreKnown(now, &changes)
        }
        if inventory[source].takeWantedAgain() { look(source, now, &changes) }
    }

    private mutating func lookFailed(
        _ source: NodeSource, _ words: String, _ number: Int64, _ now: Instant, _ changes: inout NodeChanges
    ) {
        guard inventory[source].fail(number, retryAt: now.advanced(by: policy.retryAfter)) else { return }
        episodes.sourceUnreadable(source, words, &changes)
    }

    private mutating func domainsSeen(_ now: Instant, _ changes: inout NodeChanges) {
        var sights: [(vm: VMID, sight: DomainSight)] = []
        for vm in vms.machines.keys {
            let sight = sight(of: vm)
            if !vms.expects(sight, of: vm) { sights.append((vm, sight)) }
        }
        for (vm, sight) in sights.sorted(by: { $0.vm < $1.vm }) {
            vms.give(.observed(sight), to: vm, at: now, &changes)
        }
        meetIdleVMs(now, &changes)
        for vm in rowWords.abandoned.sorted() where vms.isKeptWithoutRow(vm) {
            vms.give(.givenUp, to: vm, at: now, &changes)
        }
    }

    private mutating func sight(of vm: VMID) -> DomainSight {
        let domain = inventory.domains[vm].flatMap { $0.isLive ? $0 : nil }
        let began = inventory[.hypervisor].began
        let heard = heardStops.take(vm, isLive: domain != nil, lookBegan: began)
        return DomainSight(isLive: domain != nil, epoch: domain?.owner?.epoch, asOf: began, stopReason: heard)
    }

    private mutating func beginIfBothAreKnown(_ now: Instant, _ changes: inout NodeChanges) {
        guard mode == .joining, rowWords.hasRead, inventory.asOf(.hypervisor) != nil else { return }
        mode = .serving
        if isToDrain { setMode(.draining, &changes) }
        meetIdleVMs(now, &changes)
        for source in NodeSource.allCases where inventory.asOf(source) != nil { putRight(source, &changes) }
        reportRunning(&changes)
        deleteDisks(now, &changes)
    }

    private mutating func heard(_ event: HypervisorEvent, _ now: Instant, _ changes: inout NodeChanges) {
        switch event {
        case .stopped(let name, let reason):
            guard let vm = name.vm(in: farm), vms[vm] != nil else { break }
            heardStops.heard(reason, of: vm, at: now)
            look(.hypervisor, now, &changes)
        case .started, .connectionLost: break
        case .connectionRestored: look(.hypervisor, now, &changes)
        }
    }

    // MARK: Fencing

    private mutating func beginFencing(_ now: Instant, _ changes: inout NodeChanges) {
        var fence = Fence(awaiting: vms.effectsThatBuild, retryAfter: policy.retryAfter, at: now)
        setMode(.fencing, &changes)
        carryOut(fence.begin(inventory, at: now), now, &changes)
        self.fence = fence
    }

    private mutating func goOnFencing(on event: NodeEvent, _ now: Instant, _ changes: inout NodeChanges) {
        guard mode == .fencing else { return }
        switch event {
        case .looked(let found, let number): looked(found, number, now, &changes)
        case .lookFailed(let source, let words, let number): lookFailed(source, words, number, now, &changes)
        case .tick:
            giveUpLooks(now, &changes)
            lookWhereDue(now, &changes)
        case .collected(let leftover): repairs.collected(leftover)
        default: break
        }
        carryOut(fence?.receive(event, at: now) ?? [], now, &changes)
    }

    private mutating func carryOut(_ actions: [Fence.Action], _ now: Instant, _ changes: inout NodeChanges) {
        for action in actions {
            switch action {
            case .look(let source): look(source, now, &changes)
            case .remove(let leftovers): repairs.collect(leftovers, &changes)
            case .beFenced: setMode(.fenced, &changes)
            }
        }
    }

    private mutating func setMode(_ mode: NodeMode, _ changes: inout NodeChanges) {
        guard mode != self.mode else { return }
        self.mode = mode
        changes.add(.announce(.mode(mode)))
    }

    // MARK: The node's own row

    private mutating func reportRunning(_ changes: inout NodeChanges) {
        if serving.begin() { changes.add(.reportRunning) }
    }

    private mutating func runningReported(_ isDone: Bool, _ now: Instant, _ changes: inout NodeChanges) {
        if !isDone {
            serving.failed(retryAt: now.advanced(by: policy.retryAfter))
        } else if serving.told() {
            changes.add(.announceReady)
        }
    }

    // MARK: Rows meet domains

    /// The VMs of which something must be decided though nobody works on them: they are assigned here, or live here.
    private mutating func meetIdleVMs(_ now: Instant, _ changes: inout NodeChanges) {
        let found = Set(rowWords.assignedVMs(among: vms.isIdle)).union(inventory.liveVMs(among: vms.isIdle))
        for vm in found.sorted() where vms.isIdle(vm) { meet(vm, now, &changes) }
    }

    /// What the store says of a VM meets what is on the node. A domain that was seen live, though nobody here started
    /// it, is kept, ended or left alone by whose it is.
    private mutating func meet(_ vm: VMID, _ now: Instant, _ changes: inout NodeChanges) {
        guard !repairs.isCollecting(vm) else { return }  // `.collected` comes back to it
        let word = rowWords.word(of: vm)
        if let epoch = vms.strayEpoch(of: vm, inventory.domains[vm]) {
            switch Ownership(of: epoch, by: word) {
            case .mine, .notMine: vms.give(.adopted(word, liveUnder: epoch), to: vm, at: now, &changes)
            case .unknown: readStore(now, &changes)
            case .rowGone: break  // kept, and reported by the look
            }
        } else if let row = vms.row(of: vm) {
            if row != word { vms.give(.row(word), to: vm, at: now, &changes) }
        } else if word.assignment != nil {
            vms.give(.row(word), to: vm, at: now, &changes)
        }
    }

    // MARK: What is to be put right

    private mutating func putRight(_ source: NodeSource, _ changes: inout NodeChanges) {
        if source == .filter, let seen = inventory.asOf(source) {
            repairs.putBackRules(vms.plansWithoutRules(inventory.filters, asOf: seen), &changes)
        }
        let leftovers = Leftovers(of: source, inventory, rowWords, vms)
        repairs.collect(leftovers.toCollect, &changes)
        guard source == .hypervisor else { return }
        for (name, vm) in leftovers.withoutRow { episodes.domainWithoutRow(name, vm, &changes) }
        episodes.forgetDomains(except: leftovers.goneVMs)
    }

    // MARK: User disks that are to be deleted

    /// A disk that a domain here may still use stays until that is gone.
    private mutating func deleteDisks(_ now: Instant, _ changes: inout NodeChanges) {
        for disk in deletions.begin(at: now) {
            let isInUse = inventory.domains[disk.vm]?.isLive == true || !vms.isIdle(disk.vm)
            changes.add(isInUse ? .postponeDeletion(disk) : .deleteUserDisk(disk))
        }
    }

    // MARK: Results and time

    private mutating func finished(
        _ id: VMEffectID, _ outcome: PortOutcome, _ now: Instant, _ changes: inout NodeChanges
    ) {
        let wasIdle = vms.isIdle(id.vm)
        vms.give(.finished(id, outcome), to: id.vm, at: now, &changes)
        // It was given back: what was read before that is old.
        if !wasIdle, vms.isIdle(id.vm) { readStore(now, &changes) }
    }

    private mutating func tick(_ now: Instant, _ changes: inout NodeChanges) {
        if rowWords.question.isUnanswered(at: now) { readFailed(unanswered, rowWords.question.number, now, &changes) }
        giveUpLooks(now, &changes)
        if rowWords.question.isDue(at: now) { readStore(now, &changes) }
        lookWhereDue(now, &changes)
        if serving.isDue(at: now) { reportRunning(&changes) }
        if mode.converges { deleteDisks(now, &changes) }
        vms.tick(at: now, &changes)
        for vm in reports.takeDue(at: now) { changes.touch(vm) }
    }

    /// A source that has not answered within the limit is asked anew; people are told.
    private mutating func giveUpLooks(_ now: Instant, _ changes: inout NodeChanges) {
        for source in NodeSource.allCases where inventory[source].isUnanswered(at: now) {
            lookFailed(source, unanswered, inventory[source].number, now, &changes)
        }
    }

    private mutating func lookWhereDue(_ now: Instant, _ changes: inout NodeChanges) {
        for source in NodeSource.allCases where inventory[source].isDue(at: now) { look(source, now, &changes) }
    }

    private var unanswered: String { "no answer within \(policy.questionMax.components.seconds) s" }

    /// For exhaustive searches; see `Normalization`.
    ///
    /// - Parameter number: the place of an effect among those that are out.
    package func normalized(at now: Instant, number: @escaping (VMEffectID) -> Int64) -> NodeMachine {
        var moments = inventory.comparedMoments + heardStops.moments
        moments += vms.machines.values.compactMap(\.domain.knownAt)
        let known = Normalization(now: now, comparing: moments, number: number)
        var copy = self
        copy.unsettled = []
        copy.stock = Stock()
        copy.fence = fence?.normalized(known)
        copy.vms = vms.normalized(known)
        copy.rowWords = rowWords.normalized(known)
        copy.inventory = inventory.normalized(known)
        copy.reports = reports.normalized(known)
        copy.serving = serving.normalized(known)
        copy.deletions = deletions.normalized(known)
        copy.heardStops = heardStops.normalized(known)
        return copy
    }
}
