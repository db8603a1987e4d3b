import FarmModel

/// What the store has said of a node's VMs.
struct RowWords: Sendable, Hashable {
    var question = RepeatedQuestion()
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

    mutating func took(_ wanted: DesiredState) {
        var words: [VMID: RowWord] = [:]
        for vm in wanted.asked { words[vm] = RowWord.none }
        for row in wanted.elsewhere { words[row.vm.id] = .elsewhere(row) }
        for row in wanted.assignments { words[row.vm.id] = .assigned(row) }
        self.words = words
        abandoned = Set(wanted.abandoned)
    }

    func normalized(_ moments: Normalization) -> RowWords {
        var copy = self
        copy.question = question.normalized(moments, countsOrder: false)
        return copy
    }
}
