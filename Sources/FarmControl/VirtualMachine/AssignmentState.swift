import FarmModel

/// What the store says of a VM, and how far this node has got with it.
struct AssignmentState: Sendable, Hashable {
    /// What the store says of the VM, as last read.
    private(set) var row = RowWord.unknown
    /// What the present start was made from.
    private(set) var plan: StartPlan?
    /// Set when a start must not be tried again until the store wants it anew.
    private(set) var failure: VMFailure?
    /// The domain ended by itself and the store shall be told to want it no more.
    private var endedByGuest = false
    /// The last start that was given back to the store. Its epoch is over: what the store said of it before is old,
    /// and a domain of it that appears after all is a late answer's and is removed.
    private(set) var lastReleased: StartPlan?
    /// The epoch from which the present start was begun, until a reading shows the one that it goes on under: a row
    /// that still has it was read before the begin.
    private var begunFrom: Epoch?

    /// What an assignment asks for.
    enum Task: Sendable, Hashable {
        /// To be started, from the image of the plan.
        case start
        /// To be stopped: whatever of it is there goes.
        case stop
        /// There is nothing to start it from; `failure` says why.
        case giveBack
    }

    // MARK: What is wanted

    /// Whose the VM's domain is, or would be.
    var ownership: Ownership {
        guard let epoch = plan?.epoch ?? row.row?.vm.intent.epoch else { return .unknown }
        return Ownership(of: epoch, by: row)
    }

    var isWanted: Bool { failure == nil && !endedByGuest && ownership == .mine }

    /// A desktop in use whose row has disappeared is kept: a store that lost its rows must not end desktops.
    var mayRunOn: Bool { isWanted || isForgotten }

    /// The store says nothing of the VM that this node could act on.
    var isForgotten: Bool { ownership == .rowGone || ownership == .unknown }

    /// The assignment is over, and the VM may be started elsewhere at any moment.
    var mustEndNow: Bool { ownership == .notMine(.now) }

    /// The present domain was made by a predecessor.
    var isAdopted: Bool { plan?.isAdopted == true }

    /// The row of an adopted VM said that its agent had answered.
    var wasRunning: Bool {
        guard let plan, plan.isAdopted else { return false }
        let before = plan.vm.observation.state
        return before == .running || before == .debugging
    }

    /// The assignment was begun before this start: by an earlier life of the daemon, which may have left something.
    var wasBegunBefore: Bool { plan?.vm.intent.hasBegun == true }

    /// On storage that nodes share, the overlay belongs to whoever has the assignment by now.
    var mayTouchDisks: Bool {
        switch row {
        case .assigned(let row): row.vm.intent.epoch == plan?.epoch
        case .none: true
        case .elsewhere, .unknown: false
        }
    }

    /// Whether a row or a domain of this epoch belongs to a start that was given back.
    func isOver(_ epoch: Epoch) -> Bool { epoch <= (lastReleased?.epoch ?? .none) }

    // MARK: What changes it

    /// A row of an epoch that is over was read before the release and counts for nothing; so does one that was read
    /// before the begin.
    mutating func read(_ word: RowWord) {
        let epoch = word.assignment?.vm.intent.epoch
        if let begunFrom, epoch == begunFrom { return }
        begunFrom = nil
        let isOld = epoch.map(isOver) ?? false
        row = isOld ? .unknown : word
    }

    /// Takes on what the row asks for; nil when it assigns nothing to this node.
    mutating func take() -> Task? {
        guard let wish = row.assignment else { return nil }
        failure = nil
        endedByGuest = false
        guard wish.vm.intent.wanted == .run else {
            plan = StartPlan(assignment: wish, image: nil)
            return .stop
        }
        switch ImageChoice.choose(for: wish) {
        case .success(let image):
            plan = StartPlan(assignment: wish, image: image)
            return .start
        case .failure(let reason):
            plan = StartPlan(assignment: wish, image: nil)
            failure = .noImage(reason)
            return .giveBack
        }
    }

    /// Takes over a live domain. The row is there.
    mutating func adopt(_ word: RowWord, _ known: Assignment) {
        row = word
        begunFrom = nil
        failure = nil
        endedByGuest = false
        let image = known.images.first { $0.id == known.vm.observation.image }
        plan = StartPlan(assignment: known, image: image, isAdopted: true)
    }

    /// The store has answered that the start is begun with this secret, and goes on under this epoch. The row as last
    /// read is brought up to it.
    mutating func begun(under epoch: Epoch, _ secret: AgentSecret) {
        guard let old = plan?.epoch else { return }
        plan?.secret = secret
        plan?.triedSecret = nil
        plan?.assignment.vm.intent.epoch = epoch
        guard epoch > old, case .assigned(var known) = row, known.vm.intent.epoch == old else { return }
        known.vm.intent.epoch = epoch
        known.vm.intent.hasBegun = true
        known.secret = secret
        row = .assigned(known)
        begunFrom = old
    }

    /// - Parameter secret: nil when nothing at all was heard of the begin.
    mutating func triedToBegin(with secret: AgentSecret?) { plan?.triedSecret = secret }

    /// The store does not want the start any more. Until it is read again the row counts as one that wants to stop:
    /// else what an earlier life left would be undone and the start begun again, without a pause and without an end.
    mutating func refused() {
        guard case .assigned(var known) = row else { return }
        known.vm.intent.wanted = .stop
        row = .assigned(known)
    }

    /// A step of the start is done; what it made is kept for those after it.
    mutating func took(_ outcome: PortOutcome) {
        if case .prepared(let disks) = outcome { plan?.disks = disks }
    }

    mutating func failed(_ failure: VMFailure) { self.failure = failure }
    mutating func guestEnded() { endedByGuest = true }

    /// A domain of the last start has appeared after it was given back: what it left is undone under that plan.
    ///
    /// - Returns: false when a domain of this epoch is none of that start's.
    mutating func reopen(for epoch: Epoch) -> Bool {
        guard let lastReleased, isOver(epoch) else { return false }
        plan = lastReleased
        return true
    }

    /// The VM is given back. What was read before is old; the store is read again.
    mutating func released() {
        lastReleased = plan
        begunFrom = nil
        plan = nil
        failure = nil
        endedByGuest = false
        row = .unknown
    }
}
