import FarmModel

/// VMs, with what finds those of a user and of a node, so that nobody who wants a few of them reads them all.
struct VMTable: Sendable {
    private var rows = Rows<VMID, VirtualMachine>()
    private var numbersByUser: [UserID: Rows<VMID, Void>] = [:]
    private var numbersByNode: [NodeID: Rows<VMID, Void>] = [:]
    private(set) var addresses: Set<IPv4Address> = []

    var all: [VirtualMachine] { rows.all }

    subscript(id: VMID) -> VirtualMachine? { rows[id] }

    func vms(of user: UserID) -> [VirtualMachine] { vms(numbersByUser[user]) }
    func vms(assignedTo node: NodeID) -> [VirtualMachine] { vms(numbersByNode[node]) }
    func assignedCounts() -> [NodeID: Int] { numbersByNode.mapValues(\.keys.count) }

    func part(
        after id: VMID, limit: Int, only: VMID?, _ isWanted: (VirtualMachine) -> Bool
    ) -> [VirtualMachine] { rows.part(after: id, limit: limit, only: only, isWanted) }

    private func vms(_ numbers: Rows<VMID, Void>?) -> [VirtualMachine] {
        numbers?.keys.compactMap { rows[$0] } ?? []
    }

    /// Makes or replaces the row. Its user and address are those it was made with.
    mutating func put(_ vm: VirtualMachine) {
        let old = rows[vm.id]
        if old == nil {
            numbersByUser[vm.user, default: Rows()].put((), at: vm.id)
            addresses.insert(vm.address)
        }
        assign(vm.id, from: old?.intent.node, to: vm.intent.node)
        rows.put(vm, at: vm.id)
    }

    mutating func remove(_ id: VMID) {
        guard let old = rows[id] else { return }
        assign(id, from: old.intent.node, to: nil)
        numbersByUser[old.user]?.remove(id)
        if numbersByUser[old.user]?.keys.isEmpty == true { numbersByUser[old.user] = nil }
        addresses.remove(old.address)
        rows.remove(id)
    }

    private mutating func assign(_ id: VMID, from old: NodeID?, to new: NodeID?) {
        guard old != new else { return }
        if let old {
            numbersByNode[old]?.remove(id)
            if numbersByNode[old]?.keys.isEmpty == true { numbersByNode[old] = nil }
        }
        if let new { numbersByNode[new, default: Rows()].put((), at: id) }
    }
}
