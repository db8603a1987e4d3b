import FarmModel

/// What the store was last told of each VM: how a node keeps the rows true, whatever becomes of its answers.
struct RowReports: Sendable, Hashable {
    private let retryAfter: Duration
    private var entries: [VMID: Entry] = [:]
    /// The entries' `retryAt`.
    private var retryTimes = WakeTimes()

    private struct Entry: Sendable, Hashable {
        var epoch: Epoch
        var report: VMReport?
        /// An answer is awaited.
        var isOut = false
        var retryAt: Instant?
        /// The reading that is out began before `report` was taken, and says nothing of it.
        var isYoungerThanReading = false
        /// The state that was last told to people, and since when it holds.
        var state: VMState?
        var since = WallTime(seconds: 0)
    }

    init(retryAfter: Duration) { self.retryAfter = retryAfter }

    /// The earliest moment at which the store is told again.
    var deadline: Instant? { retryTimes.first }

    /// What the store was last told of the VM, and took or may still take.
    func lastReport(of vm: VMID) -> VMReport? { entries[vm]?.report }

    /// The store is being told, or will be told again.
    func isUnderWay(_ vm: VMID) -> Bool { entries[vm].map { $0.isOut || $0.retryAt != nil } ?? false }

    // MARK: Telling

    /// After an event of the VM: says to the store and to people what is new, and drops what is over.
    mutating func tell(_ machine: VMMachine, at wall: WallTime, _ changes: inout NodeChanges) {
        let vm = machine.vm
        guard let report = machine.report, let epoch = machine.plan?.epoch else { return drop(vm, &changes) }
        var entry = entries[vm] ?? Entry(epoch: epoch)
        defer { entries[vm] = entry }
        if entry.state != report.state {
            changes.add(.announce(finding(vm, report)))
            entry.state = report.state
            entry.since = wall
        }
        guard !entry.isOut, entry.retryAt == nil, entry.report != report || entry.epoch != epoch else { return }
        entry.epoch = epoch
        entry.report = report
        entry.isOut = true
        let observation = Observation(
            state: report.state, since: entry.since, detail: report.detail.words, lastError: report.failure?.words,
            image: report.image)
        changes.add(.report(observation, of: vm, epoch: epoch))
    }

    private func finding(_ vm: VMID, _ report: VMReport) -> NodeFinding {
        report.state == .zombie
            ? .zombie(vm, report.failure?.words ?? report.detail.words)
            : .state(vm, report.state, report.failure?.words)
    }

    private mutating func drop(_ vm: VMID, _ changes: inout NodeChanges) {
        guard let entry = entries[vm] else { return }
        if let state = entry.state, state != .stopped {
            entries[vm]?.state = .stopped
            changes.add(.announce(.state(vm, .stopped, nil)))
        }
        guard !entry.isOut else { return }
        retryTimes.move(vm, from: entry.retryAt, to: nil)
        entries[vm] = nil
    }

    // MARK: What came of it

    /// - Parameter isReading: a reading is out, which began before the store took the report.
    mutating func told(_ vm: VMID, _ outcome: ReportOutcome, isReading: Bool, at now: Instant) {
        entries[vm]?.isOut = false
        switch outcome {
        case .done: entries[vm]?.isYoungerThanReading = isReading
        case .stale: break
        case .failed: tellAgain(vm, now)
        }
    }

    /// A row that says something else than what the store took last is said again: an earlier report that was given
    /// up may have reached the store after it.
    ///
    /// - Returns: false when this reading says nothing of it yet, because the store is being told, or was told after
    ///   the reading began.
    mutating func compare(_ assignment: Assignment, at now: Instant) -> Bool {
        let vm = assignment.vm.id
        guard let entry = entries[vm] else { return true }
        guard !entry.isOut, entry.retryAt == nil, let told = entry.report else { return false }
        guard !entry.isYoungerThanReading else {
            entries[vm]?.isYoungerThanReading = false
            return false
        }
        let row = assignment.vm.observation
        if entry.epoch == assignment.vm.intent.epoch,
            (row.state, row.detail, row.image) != (told.state, told.detail.words, told.image)
        {
            tellAgain(vm, now)
        }
        return true
    }

    private mutating func tellAgain(_ vm: VMID, _ now: Instant) {
        guard let entry = entries[vm] else { return }
        entries[vm]?.report = nil
        setRetry(now.advanced(by: retryAfter), of: vm, from: entry.retryAt)
    }

    private mutating func setRetry(_ moment: Instant?, of vm: VMID, from old: Instant?) {
        entries[vm]?.retryAt = moment
        retryTimes.move(vm, from: old, to: moment)
    }

    /// The VMs of which the store is to be told again now.
    mutating func takeDue(at now: Instant) -> [VMID] {
        let due = retryTimes.due(at: now)
        for vm in due { setRetry(nil, of: vm, from: entries[vm]?.retryAt) }
        return due
    }

    func normalized(_ moments: Normalization) -> RowReports {
        var copy = self
        for (vm, entry) in entries { copy.entries[vm]?.retryAt = entry.retryAt.map(moments.left) }
        // They say nothing that the entries do not say.
        copy.retryTimes = WakeTimes()
        return copy
    }
}
