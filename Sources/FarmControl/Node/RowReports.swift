import FarmModel

/// What the store was last told of each VM: how a node keeps the rows true, whatever becomes of its answers.
///
/// A state is told at once, a detail only when it lasts: the steps of a start that goes well take some milliseconds
/// each, and whoever waits for the VM would be woken, and the farm's store asked, for each of them.
struct RowReports: Sendable, Hashable {
    private let retryAfter: Duration
    private let detailAfter: Duration
    private var entries: [VMID: Entry] = [:]
    /// The entries' `wakeAt`.
    private var wakeTimes = WakeTimes()

    private struct Entry: Sendable, Hashable {
        var epoch: Epoch
        var report: VMReport?
        /// An answer is awaited.
        var isOut = false
        var retryAt: Instant?
        /// When the detail is to be told that differs from the one in `report`, if it still does.
        var detailAt: Instant?
        /// The reading that is out began before `report` was taken, and says nothing of it.
        var isYoungerThanReading = false
        /// The state that was last told to people, and since when it holds.
        var state: VMState?
        var since = WallTime(seconds: 0)

        var wakeAt: Instant? { [retryAt, detailAt].compactMap { $0 }.min() }

        /// Whether the row is to say this at once. That a start is begun, or a VM given back, the store is told by
        /// that call itself, which is out.
        func isNews(_ report: VMReport, under epoch: Epoch) -> Bool {
            guard report.detail != .tellingStore else { return false }
            guard let told = self.report, self.epoch == epoch else { return true }
            return (told.state, told.failure, told.image) != (report.state, report.failure, report.image)
        }
    }

    init(_ policy: NodePolicy) {
        retryAfter = policy.retryAfter
        detailAfter = policy.detailAfter
    }

    /// The earliest moment at which the store is told again.
    var deadline: Instant? { wakeTimes.first }

    /// What the store was last told of the VM, and took or may still take.
    func lastReport(of vm: VMID) -> VMReport? { entries[vm]?.report }

    /// The store is being told, or will be told again.
    func isUnderWay(_ vm: VMID) -> Bool { entries[vm].map { $0.isOut || $0.wakeAt != nil } ?? false }

    // MARK: Telling

    /// After an event of the VM: says to the store and to people what is new, and drops what is over.
    mutating func tell(_ machine: VMMachine, at now: Instant, wall: WallTime, _ changes: inout NodeChanges) {
        let vm = machine.vm
        guard let report = machine.report, let epoch = machine.plan?.epoch else { return drop(vm, &changes) }
        var entry = entries[vm] ?? Entry(epoch: epoch)
        let wokeAt = entry.wakeAt
        defer {
            entries[vm] = entry
            wakeTimes.move(vm, from: wokeAt, to: entry.wakeAt)
        }
        if entry.state != report.state {
            changes.add(.announce(finding(vm, report)))
            entry.state = report.state
            entry.since = wall
        }
        guard !entry.isOut, entry.retryAt == nil else { return }
        guard entry.report != report || entry.epoch != epoch else {
            entry.detailAt = nil
            return
        }
        if !entry.isNews(report, under: epoch) {
            let dueAt = entry.detailAt ?? now.advanced(by: detailAfter)
            entry.detailAt = dueAt
            guard dueAt <= now else { return }
        }
        entry.detailAt = nil
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
        wakeTimes.move(vm, from: entry.wakeAt, to: nil)
        entries[vm]?.retryAt = nil
        entries[vm]?.detailAt = nil
        if !entry.isOut { entries[vm] = nil }
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
        guard let old = entries[vm] else { return }
        entries[vm]?.report = nil
        entries[vm]?.detailAt = nil
        entries[vm]?.retryAt = now.advanced(by: retryAfter)
        wakeTimes.move(vm, from: old.wakeAt, to: entries[vm]?.wakeAt)
    }

    /// The VMs of which the store may have to be told now; they are to be given to `tell`.
    mutating func takeDue(at now: Instant) -> [VMID] {
        let due = wakeTimes.due(at: now)
        for vm in due {
            guard let old = entries[vm], let moment = old.retryAt, moment <= now else { continue }
            entries[vm]?.retryAt = nil
            wakeTimes.move(vm, from: old.wakeAt, to: entries[vm]?.wakeAt)
        }
        return due
    }

    func normalized(_ moments: Normalization) -> RowReports {
        var copy = self
        for (vm, entry) in entries {
            copy.entries[vm]?.retryAt = entry.retryAt.map(moments.left)
            copy.entries[vm]?.detailAt = entry.detailAt.map(moments.left)
        }
        // They say nothing that the entries do not say.
        copy.wakeTimes = WakeTimes()
        return copy
    }
}
