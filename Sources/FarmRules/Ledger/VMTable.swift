import FarmModel

/// VMs, with what finds those of a user and of a node, so that nobody who wants a few of them reads them all.
struct VMTable: Sendable {
    /// What VMs take of their node.
    struct Load: Sendable {
        var vms: Int
        var reserved: Resources

        static let none = Load(vms: 0, reserved: .none)
    }

    private var rows = Rows<VMID, VirtualMachine>()
    private var numbersByUser: [UserID: Rows<VMID, Void>] = [:]
    private var numbersByNode: [NodeID: Rows<VMID, Void>] = [:]
    private(set) var addresses: Set<IPv4Address> = []
    /// What is taken of each node that has VMs.
    private(set) var loads: [NodeID: Load] = [:]

    var all: [VirtualMachine] { rows.all }

    subscript(id: VMID) -> VirtualMachine? { rows[id] }

    func vms(of user: UserID) -> [VirtualMachine] { vms(numbersByUser[user]) }
    func vms(assignedTo node: NodeID) -> [VirtualMachine] { vms(numbersByNode[node]) }

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
        assign(vm.id, from: old?.intent, to: vm.intent)
        rows.put(vm, at: vm.id)
    }

    mutating func remove(_ id: VMID) {
        guard let old = rows[id] else { return }
        assign(id, from: old.intent, to: nil)
        numbersByUser[old.user]?.remove(id)
        if numbersByUser[old.user]?.keys.isEmpty == true { numbersByUser[old.user] = nil }
        addresses.remove(old.address)
        rows.remove(id)
    }

    private mutating func assign(_ id: VMID, from old: Intent?, to new: Intent?) {
        if let node = old?.node, let reserved = old?.reserved, var load = loads[node] {
            load.vms -= 1
            load.reserved = load.reserved - reserved
            loads[node] = load.vms == 0 ? nil : load
        }
        if let node = new?.node, let reserved = new?.reserved {
            let load = loads[node] ?? .none
            loads[node] = Load(vms: load.vms + 1, reserved: load.reserved + reserved)
        }
        guard old?.node != new?.node else { return }
        if let old = old?.node {
            numbersByNode[old]?.remove(id)
            if numbersByNode[old]?.keys.isEmpty == true { numbersByNode[old] = nil }
        }
        if let new = new?.node { numbersByNode[new, default: Rows()].put((), at: id) }
    }
}
