import FarmModel

/// What the store has said of a node's VMs.
struct RowWords: Sendable, Hashable {
    var question = RepeatedQuestion()
    /// Of each VM that is assigned here or was asked about; nil before the first reading.
    private var words: [VMID: RowWord]?
    /// About which VMs the store was asked last.
    private var asked: [VMID] = []
    /// Row-less domains that an operator gave up.
    private(set) var abandoned: Set<VMID> = []

    var hasRead: Bool { words != nil }

    func word(of vm: VMID) -> RowWord { words?[vm] ?? .unknown }
    func assignment(of vm: VMID) -> Assignment? { word(of: vm).assignment }

    /// Of which the store has said something.
    var vms: [VMID] { words?.keys.sorted() ?? [] }
    /// Those of the VMs that are assigned here.
    func assignedVMs(among isWanted: (VMID) -> Bool) -> [VMID] {
        words?.keys.filter { isWanted($0) && assignment(of: $0) != nil } ?? []
    }

    mutating func took(_ wanted: DesiredState) {
        var words: [VMID: RowWord] = [:]
        for vm in wanted.asked { words[vm] = RowWord.none }
        for row in wanted.elsewhere { words[row.vm.id] = .elsewhere(row) }
        for row in wanted.assignments { words[row.vm.id] = .assigned(row) }
        self.words = words
        asked = wanted.asked.sorted()
        abandoned = Set(wanted.abandoned)
    }

    /// What changed since the last reading, asked about these VMs: the same comes of it as of a whole reading. Each of
    /// the VMs was asked about before, or is assigned here.
    mutating func took(_ changes: DesiredStateChanges, about vms: [VMID]) {
        if vms != asked {
            let stay = Set(vms)
            words = words?.filter { stay.contains($0.key) || $0.value.assignment != nil }
            asked = vms
        }
        for vm in changes.vms { words?[vm] = vms.contains(vm) ? RowWord.none : nil }
        for row in changes.rows {
            let isHere = row.vm.intent.node == changes.node.id
            if isHere || vms.contains(row.vm.id) { words?[row.vm.id] = isHere ? .assigned(row) : .elsewhere(row) }
        }
        abandoned = Set(changes.abandoned)
    }

    func normalized(_ moments: Normalization) -> RowWords {
        var copy = self
        copy.question = question.normalized(moments, countsOrder: false)
        copy.asked = []
        return copy
    }
}
