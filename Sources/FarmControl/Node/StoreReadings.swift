import FarmModel

/// What the store has said of a node's VMs, and when it is read again. One reading is out at a time.
struct StoreReadings: Sendable, Hashable {
    private(set) var isOut = false
    /// Something changed after the reading that is out began.
    private var isWantedAgain = false
    private(set) var nextAt: Instant?
    /// Of each VM that is assigned here or was asked about; nil before the first reading.
    private var words: [VMID: RowWord]?
    /// Row-less domains that an operator gave up.
    private(set) var abandoned: Set<VMID> = []

    var hasRead: Bool { words != nil }

    func word(of vm: VMID) -> RowWord { words?[vm] ?? .unknown }
    func assignment(of vm: VMID) -> Assignment? { word(of: vm).assignment }

    /// Of which the store has said something.
    var vms: [VMID] { words?.keys.sorted() ?? [] }
    var assignedVMs: [VMID] { words?.filter { $0.value.assignment != nil }.keys.sorted() ?? [] }

    /// - Returns: true when the store is to be read now; otherwise it is read again once the present reading is back.
    mutating func begin() -> Bool {
        guard !isOut else {
            isWantedAgain = true
            return false
        }
        isOut = true
        nextAt = nil
        return true
    }

    /// The reading is back.
    mutating func took(_ wanted: DesiredState, nextAt moment: Instant) {
        isOut = false
        nextAt = moment
        var words: [VMID: RowWord] = [:]
        for vm in wanted.asked { words[vm] = RowWord.none }
        for row in wanted.elsewhere { words[row.vm.id] = .elsewhere(row) }
        for row in wanted.assignments { words[row.vm.id] = .assigned(row) }
        self.words = words
        abandoned = Set(wanted.abandoned)
    }

    /// Whether it must be read again because something changed meanwhile; asked once per reading.
    mutating func takeWantedAgain() -> Bool {
        defer { isWantedAgain = false }
        return isWantedAgain
    }

    mutating func failed(retryAt moment: Instant) {
        isOut = false
        isWantedAgain = false
        nextAt = moment
    }

    func isDue(at now: Instant) -> Bool { nextAt.map { $0 <= now } ?? false }

    func normalized(_ moments: Normalization) -> StoreReadings {
        var copy = self
        copy.nextAt = nextAt.map(moments.left)
        return copy
    }
}
