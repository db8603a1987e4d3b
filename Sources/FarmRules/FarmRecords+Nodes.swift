import FarmModel

extension FarmRecords {
    func existing(_ id: NodeID) throws(LedgerError) -> Node {
        guard let node = try node(id) else {
            throw .refuse(.notFound, .node(id), "there is no node \(id)", .list(.node))
        }
        return node
    }

    /// Refuses once the numbers of this noun are used up.
    func checkNumbersLeft(_ noun: FarmNoun, what: String) throws(LedgerError) {
        guard let numberMax = noun.numberMax else { return }
        guard try lastNumber(of: noun) < numberMax else {
            throw .refuse(
                .rangeIsFull, .noun(noun),
                "this farm has given out all \(numberMax) \(what) numbers that names of taps can hold")
        }
    }

    mutating func addNode(
        name: String, address: IPv4Address, memory: Mebibytes, cpus: Int
    ) throws(LedgerError) -> NodeID {
        try NameRules.node(name)
        try checkCapacity(memory: memory, cpus: cpus)
        let addressPlan = try identity().addressPlan
        guard addressPlan.isNodeAddress(address) else {
            let last = IPv4Address(bits: addressPlan.rangeStart.bits - 1)
            throw .refuse(
                .invalid, .noun(.node),
                "the node address \(address) is not between \(IPv4Address(bits: addressPlan.network.bits + 1)) and"
                    + " \(last), where nodes of this farm live; VM addresses begin at \(addressPlan.rangeStart)")
        }
        for other in try nodes() {
            guard other.name != name else {
                throw .refuse(
                    .alreadyExists, .node(other.id),
                    "there is a node `\(name)` already (number \(other.id)); choose another name")
            }
            guard other.address != address else {
                throw .refuse(
                    .alreadyExists, .node(other.id),
                    "\(address) is the address of node `\(other.name)`; give the new one another")
            }
        }
        try checkNumbersLeft(.node, what: "node")
        let id = NodeID(try nextNumber(of: .node))
        var node = Node(id: id, name: name, address: address)
        node.capacity.limit(memory: memory, cpus: cpus)
        try put(node)
        try tellChange(of: id)
        return id
    }

    mutating func setNode(
        _ id: NodeID, isBlocked: Bool?, memory: Mebibytes?, cpus: Int?
    ) throws(LedgerError) {
        var node = try existing(id)
        try checkCapacity(memory: memory ?? Mebibytes(0), cpus: cpus ?? 0)
        node.isBlocked = isBlocked ?? node.isBlocked
        node.capacity.limit(memory: memory, cpus: cpus)
        try put(node)
        try tellChange(of: id)
    }

    mutating func setNode(_ id: NodeID, isDraining: Bool) throws(LedgerError) {
        var node = try existing(id)
        node.isDraining = isDraining
        try put(node)
        try tellChange(of: id)
    }

    mutating func deleteNode(_ id: NodeID) throws(LedgerError) {
        let node = try existing(id)
        let vms = try vms(assignedTo: id)
        guard vms.isEmpty else {
            throw .refuse(
                .inUse, .node(id), "node `\(node.name)` still has \(listed(vms))", .stop(vms.prefix(100).map(\.id)))
        }
        guard node.state == .stopped || node.isBlocked else {
            throw .refuse(
                .inUse, .node(id), "node `\(node.name)` is \(node.state.rawValue)", .stopNode(id), .block(id))
        }
        try removeProperties(of: .node(id))
        try forgetAbandonedDomains(on: id)
        try remove(id)
        try tellChange(of: id)
    }

    mutating func abandonDomain(of vm: VMID, on id: NodeID) throws(LedgerError) {
        _ = try existing(id)
        guard vm.rawValue >= 1, vm.rawValue <= TapName.vmMax else {
            throw .refuse(.invalid, .noun(.vm), "\(vm) is no VM number; it must be from 1 to \(TapName.vmMax)")
        }
        // A row that begun its assignment there may be older than the domain (a restored backup): only the node can
        // tell, and it ends the domain only if it is.
        if let row = try self.vm(vm), row.intent.node != id {
            throw .refuse(
                .inUse, .vm(vm), "VM \(vm) (\(row.name)) is in the farm, so its domain is not abandoned", .stop([vm]))
        }
        try abandon(vm, on: id)
        try tellChange(of: id)
    }
}

extension NodeCapacity {
    /// As commands say it: 0 takes a limit away, nil leaves it.
    fileprivate mutating func limit(memory: Mebibytes?, cpus: Int?) {
        if let memory { self.memory = memory.count == 0 ? nil : memory }
        if let cpus { self.cpus = cpus == 0 ? nil : cpus }
    }
}
