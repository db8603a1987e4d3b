import FarmControl
package import FarmModel

// Who runs which VM: the intent's half of a VM's row, and what the node may write about it.
extension FarmRecords {
    /// Wants the VM to run: on this node, or on the one that the farm's policy chooses. What `Desktops.requestStart`
    /// says; a refusal is `.blocked` or `.noNode`.
    ///
    /// - Returns: where it is to run.
    @discardableResult
    package mutating func requestStart(
        _ id: VMID, on wanted: NodeID? = nil, by actor: String
    ) throws(LedgerError) -> NodeID {
        var vm = try existing(id)
        let before = vm
        if vm.intent.wanted == .run, let node = vm.intent.node { return node }
        guard !vm.isBlocked else {
            throw .refuse(.blocked, .vm(id), "VM \(id) (\(vm.name)) is blocked", .unblock(.vm(id)))
        }
        let need = try existing(vm.osf).need
        let node = try place(vm, need, on: wanted)
        if vm.intent.node == nil {
            vm.intent.node = node
            vm.intent.epoch = vm.intent.epoch.next(in: try identity().era)
            vm.observation.lastError = nil
            try put(vm.observation, of: id)
        }
        // What still stops there takes what it took until it is gone.
        vm.intent.reserved = need.orMore(vm.intent.reserved)
        vm.intent.wanted = .run
        vm.intent.request += 1
        vm.intent.requestedBy = actor
        try put(vm.intent, of: id)
        try tellChange(from: before, to: vm)
        return node
    }

    /// Wants the VM to stop. What `Desktops.requestStop` says.
    package mutating func requestStop(_ id: VMID, by actor: String) throws(LedgerError) {
        var vm = try existing(id)
        let before = vm
        guard vm.intent.wanted != .stop else { return }
        vm.intent.wanted = .stop
        vm.intent.request += 1
        vm.intent.requestedBy = actor
        if vm.intent.node != nil, !vm.intent.hasBegun {
            // The node has touched nothing and will not: what it is about to say of this epoch is stale now.
            vm.intent.node = nil
            vm.intent.reserved = .none
            vm.observation.state = .stopped
            vm.observation.detail = ""
            vm.observation.image = nil
            try put(vm.observation, of: id)
        }
        try put(vm.intent, of: id)
        try tellChange(from: before, to: vm)
    }

    /// The VM's row, if it is assigned to this node by this epoch.
    private func assigned(
        _ id: VMID, to node: NodeID, epoch: Epoch, attempt: String
    ) throws(LedgerError) -> VirtualMachine {
        try assigned(vm(id), id, to: node, epoch: epoch, attempt: attempt)
    }

    private func assigned(
        _ row: VirtualMachine?, _ id: VMID, to node: NodeID, epoch: Epoch, attempt: String
    ) throws(LedgerError) -> VirtualMachine {
        guard let vm = row else {
            throw .stale(attempt: attempt, detail: "VM \(id) is no longer in the farm")
        }
        guard vm.intent.node == node, vm.intent.epoch == epoch else {
            let place = vm.intent.node.map { "node \($0) with epoch \(vm.intent.epoch)" } ?? "no node"
            throw .stale(
                attempt: attempt,
                detail: "the writer is node \(node) with epoch \(epoch), but the VM is assigned to \(place)")
        }
        return vm
    }

    /// - Returns: the epoch under which the assignment goes on.
    package mutating func begin(
        _ id: VMID, by node: NodeID, epoch: Epoch, secret: AgentSecret
    ) throws(LedgerError) -> Epoch {
        let attempt = "beginning the start of VM \(id)"
        let row = try vm(id)
        if let row, try isBegun(row, by: node, after: epoch, with: secret) { return row.intent.epoch }
        var vm = try assigned(row, id, to: node, epoch: epoch, attempt: attempt)
        guard vm.intent.wanted == .run else {
            throw .stale(attempt: attempt, detail: "the VM is wanted to stop")
        }
        let before = vm
        // Whatever was said under the old epoch and is still on its way is stale now.
        vm.intent.epoch = epoch.next(in: try identity().era)
        vm.intent.hasBegun = true
        try put(vm.intent, of: id)
        try put(secret: secret, of: id)
        if vm.observation.state == .running || vm.observation.state == .debugging {
            // An earlier daemon reported it; nothing of the VM runs where its start is begun.
            vm.observation.state = .starting
            try put(vm.observation, of: id)
        }
        // An operator's word about an earlier domain of this VM is spent.
        try forgetAbandonedDomain(of: id, on: node)
        try tellChange(from: before, to: vm)
        return vm.intent.epoch
    }

    /// Whether this very begin is done already: its answer was lost, and it is repeated. The secret names it.
    private func isBegun(
        _ vm: VirtualMachine, by node: NodeID, after epoch: Epoch, with secret: AgentSecret
    ) throws(LedgerError) -> Bool {
        guard vm.intent.node == node, vm.intent.hasBegun, vm.intent.wanted == .run, vm.intent.epoch > epoch else {
            return false
        }
        return try self.secret(of: vm.id) == secret
    }

    package mutating func report(
        _ observation: Observation, of id: VMID, by node: NodeID, epoch: Epoch
    ) throws(LedgerError) {
        var vm = try assigned(id, to: node, epoch: epoch, attempt: "reporting the state of VM \(id)")
        guard vm.observation != observation else { return }
        let before = vm
        vm.observation = observation
        try put(vm.observation, of: id)
        try tellChange(from: before, to: vm)
    }

    package mutating func release(
        _ id: VMID, by node: NodeID, epoch: Epoch, request: Int64, error: String?, at time: WallTime
    ) throws(LedgerError) {
        // A repeated release whose first answer was lost: an epoch belongs to one assignment only.
        if let vm = try vm(id), vm.intent.node == nil, vm.intent.epoch == epoch { return }
        var vm = try assigned(id, to: node, epoch: epoch, attempt: "releasing VM \(id)")
        let before = vm
        if vm.intent.wanted == .run && vm.intent.request != request {
            vm.intent.epoch = vm.intent.epoch.next(in: try identity().era)
        } else {
            if vm.intent.wanted == .run {
                vm.intent.wanted = .stop
                vm.intent.requestedBy = "node"
            }
            vm.intent.node = nil
            vm.intent.reserved = .none
        }
        vm.intent.hasBegun = false
        vm.observation = Observation(
            state: .stopped, since: time, detail: "", lastError: error ?? vm.observation.lastError, image: nil)
        try put(vm.intent, of: id)
        try put(vm.observation, of: id)
        try put(secret: nil, of: id)
        try tellChange(from: before, to: vm)
    }

    package mutating func reportState(
        of id: NodeID, _ state: NodeState, at time: WallTime
    ) throws(LedgerError) {
        guard var node = try node(id) else {
            throw .notFound(attempt: "reporting the state of node \(id)", detail: "there is no such node in the farm")
        }
        guard node.state != state else { return }
        node.state = state
        node.stateSince = time
        try put(node)
        try tellChange(of: id)
    }

    package func nodeIdentity(named name: String) throws(LedgerError) -> NodeIdentityRow {
        let nodes = try nodes()
        guard let node = nodes.first(where: { $0.name == name }) else {
            let known =
                nodes.isEmpty
                ? "the farm has no nodes yet; `qvd node add` makes one"
                : "the farm has \(nodes.map(\.name).joined(separator: ", ")); set `nodename` in node.conf to one of"
                    + " them, or add it with `qvd node add`"
            throw .notFound(attempt: "looking for node `\(name)`", detail: known)
        }
        return NodeIdentityRow(identity: try identity(), node: node)
    }

    func nodeThatReads(_ id: NodeID) throws(LedgerError) -> Node {
        guard let node = try node(id) else {
            throw .notFound(
                attempt: "reading what is wanted of node \(id)", detail: "there is no such node in the farm")
        }
        return node
    }

    package func desiredState(of id: NodeID, about vms: [VMID]) throws(LedgerError) -> DesiredState {
        let node = try nodeThatReads(id)
        let assigned = try assignmentRows(of: id)
        let others = try assignmentRows(of: vms, notOn: id)
        let flavours = try flavours(of: assigned, others)
        return DesiredState(
            node: node, assignments: flavours.assignments(assigned), elsewhere: flavours.assignments(others),
            asked: Set(vms), abandoned: try abandonedDomains(on: id), diskDeletions: try disksToDelete(),
            revision: try revision())
    }

    /// Of those of these VMs that have a row, wherever they are.
    func assignments(ofVMs vms: [VMID]) throws(LedgerError) -> [Assignment] {
        guard !vms.isEmpty else { return [] }
        let rows = try assignmentRows(of: vms, notOn: nil)
        return try flavours(of: rows).assignments(rows)
    }

    /// What these VMs are made from, in two readings, however many they are.
    private func flavours(of rows: [AssignmentRow]...) throws(LedgerError) -> FlavoursOfVMs {
        var ids: Set<OSFID> = []
        for list in rows { for row in list { ids.insert(row.vm.osf) } }
        guard !ids.isEmpty else { return FlavoursOfVMs() }
        let sorted = ids.sorted()
        return FlavoursOfVMs(try osfs(sorted), try images(ofAny: sorted))
    }

    package func reservations() throws(LedgerError) -> [Reservation] {
        var taken: Set<String> = []
        return try vms().map { vm in
            var label = HostName.label(for: vm.name, vm: vm.id)
            // Two users may both have a VM `desk`: the elder keeps the name, the other's gets its number.
            if !taken.insert(label).inserted { label = HostName.label(for: "\(vm.name) \(vm.id)", vm: vm.id) }
            taken.insert(label)
            return Reservation(vm: vm.id, mac: vm.mac, address: vm.address, hostName: label)
        }
    }
}

/// The OSFs of some VMs with all their images.
private struct FlavoursOfVMs {
    private var osfs: [OSFID: OSFlavour] = [:]
    private var images: [OSFID: [DiskImage]] = [:]

    init() {}

    init(_ osfs: [OSFlavour], _ images: [DiskImage]) {
        for osf in osfs { self.osfs[osf.id] = osf }
        for image in images { self.images[image.osf, default: []].append(image) }
    }

    func assignments(_ rows: [AssignmentRow]) -> [Assignment] {
        rows.compactMap { row in
            osfs[row.vm.osf].map {
                Assignment(
                    vm: row.vm, login: row.login, osf: $0, images: images[row.vm.osf] ?? [], secret: row.secret)
            }
        }
    }
}

/// The farm's identity and one of its nodes, as one read saw them.
package struct NodeIdentityRow: Sendable, Hashable {
    package let identity: FarmIdentity
    package let node: Node
}
