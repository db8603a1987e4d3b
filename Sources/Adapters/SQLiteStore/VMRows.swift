import FarmRules
import FarmModel
import FarmPorts

// VMs with intent and observation, secrets, sessions.
extension SQLRecords: FarmRecords {
    private func vms(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [VirtualMachine] {
        try all(
            "vms",
            """
            SELECT vms.id, name, user_id, osf, tag, address, is_blocked,
                wanted, node, epoch, era, has_begun, request, requested_by,
                state, since, detail, last_error, image
            FROM vms JOIN vm_intents ON vm_intents.vm = vms.id JOIN vm_observations ON vm_observations.vm = vms.id
            \(condition)
            """, values
        ) { (columns: inout Columns) throws(PortError) in
            VirtualMachine(
                id: columns.id(), name: columns.text(), user: columns.id(), osf: columns.id(), tag: columns.text(),
                address: try columns.address(), isBlocked: columns.flag(),
                intent: Intent(
                    wanted: try columns.choice(), node: columns.optionalID(),
                    epoch: Epoch(columns.integer(), era: columns.integer()), hasBegun: columns.flag(),
                    request: columns.integer(), requestedBy: columns.text()),
                observation: Observation(
                    state: try columns.choice(), since: columns.time(), detail: columns.text(),
                    lastError: columns.optionalText(), image: columns.optionalID()))
        }
    }

    private static let idsAtOnce = 100
    private static let places = (1...idsAtOnce).map { "$\($0)" }.joined(separator: ", ")

    func vm(_ id: VMID) throws(LedgerError) -> VirtualMachine? { try vms("WHERE vms.id = $1", [SQLValue(id)]).first }
    func vms() throws(LedgerError) -> [VirtualMachine] { try vms("ORDER BY vms.id", []) }

    func vms(_ ids: [VMID]) throws(LedgerError) -> [VirtualMachine] {
        var found: [VirtualMachine] = []
        let sorted = ids.sorted()
        var start = 0
        // In blocks of one size, the last filled up with an id that it has: one statement, whatever the count.
        while let last = sorted.last, start < sorted.count {
            let block = (start..<start + Self.idsAtOnce).map { $0 < sorted.count ? sorted[$0] : last }
            found += try vms("WHERE vms.id IN (\(Self.places)) ORDER BY vms.id", block.map { SQLValue($0) })
            start += Self.idsAtOnce
        }
        return found
    }

    func vms(of user: UserID) throws(LedgerError) -> [VirtualMachine] {
        try vms("WHERE user_id = $1 ORDER BY vms.id", [SQLValue(user)])
    }

    func vms(of osf: OSFID) throws(LedgerError) -> [VirtualMachine] {
        try vms("WHERE osf = $1 ORDER BY vms.id", [SQLValue(osf)])
    }

    func vms(assignedTo node: NodeID) throws(LedgerError) -> [VirtualMachine] {
        try vms("WHERE node = $1 ORDER BY vms.id", [SQLValue(node)])
    }

    func addressesTaken() throws(LedgerError) -> Set<IPv4Address> {
        Set(
            try all("vms", "SELECT address FROM vms") { (columns: inout Columns) throws(PortError) in
                try columns.address()
            })
    }

    func put(_ vm: VirtualMachine) throws(LedgerError) {
        try run(
            """
            INSERT INTO vms (id, name, user_id, osf, tag, address, is_blocked) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, tag = excluded.tag, is_blocked = excluded.is_blocked
            """,
            [
                SQLValue(vm.id), SQLValue(vm.name), SQLValue(vm.user), SQLValue(vm.osf), SQLValue(vm.tag),
                SQLValue(vm.address), SQLValue(vm.isBlocked),
            ])
        try run(
            """
            INSERT INTO vm_intents (vm, wanted, node, epoch, era, has_begun, request, requested_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (vm) DO NOTHING
            """, [SQLValue(vm.id)] + values(vm.intent))
        try run(
            """
            INSERT INTO vm_observations (vm, state, since, detail, last_error, image)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (vm) DO NOTHING
            """, [SQLValue(vm.id)] + values(vm.observation))
    }

    func put(_ intent: Intent, of vm: VMID) throws(LedgerError) {
        try run(
            """
            UPDATE vm_intents SET wanted = $1, node = $2, epoch = $3, era = $4, has_begun = $5, request = $6,
                requested_by = $7
            WHERE vm = $8
            """, values(intent) + [SQLValue(vm)])
    }

    func put(_ observation: Observation, of vm: VMID) throws(LedgerError) {
        try run(
            """
            UPDATE vm_observations SET state = $1, since = $2, detail = $3, last_error = $4, image = $5 WHERE vm = $6
            """, values(observation) + [SQLValue(vm)])
    }

    /// In the order of the statements above.
    private func values(_ intent: Intent) -> [SQLValue] {
        [
            SQLValue(intent.wanted.rawValue), SQLValue(intent.node), SQLValue(intent.epoch.number),
            SQLValue(intent.epoch.era), SQLValue(intent.hasBegun), SQLValue(intent.request),
            SQLValue(intent.requestedBy),
        ]
    }

    private func values(_ observation: Observation) -> [SQLValue] {
        [
            SQLValue(observation.state.rawValue), SQLValue(observation.since), SQLValue(observation.detail),
            SQLValue(observation.lastError), SQLValue(observation.image),
        ]
    }

    func remove(_ vm: VMID) throws(LedgerError) {
        try run("DELETE FROM vms WHERE id = $1", [SQLValue(vm)])
    }

    func secret(of vm: VMID) throws(LedgerError) -> AgentSecret? {
        try one("vm_secrets", "SELECT secret FROM vm_secrets WHERE vm = $1", [SQLValue(vm)]) { columns in
            AgentSecret(columns.text())
        }
    }

    func keep(secret: AgentSecret?, of vm: VMID) throws(LedgerError) {
        guard let secret else { return try run("DELETE FROM vm_secrets WHERE vm = $1", [SQLValue(vm)]) }
        try run(
            """
            INSERT INTO vm_secrets (vm, secret) VALUES ($1, $2)
            ON CONFLICT (vm) DO UPDATE SET secret = excluded.secret
            """, [SQLValue(vm), SQLValue(secret.text)])
    }

    private func sessions(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [Session] {
        try all(
            "sessions",
            """
            SELECT vm, router, number, node, router_name, state, peer, since, is_take_over_requested
            FROM sessions \(condition)
            """, values
        ) { (columns: inout Columns) throws(PortError) in
            Session(
                vm: columns.id(), token: SessionToken(router: columns.text(), number: columns.integer()),
                place: RouterPlace(node: columns.optionalID(), name: columns.optionalText()),
                state: try columns.choice(), peer: columns.text(), since: columns.time(),
                isTakeOverRequested: columns.flag())
        }
    }

    func session(of vm: VMID) throws(LedgerError) -> Session? {
        try sessions("WHERE vm = $1", [SQLValue(vm)]).first
    }

    func sessions() throws(LedgerError) -> [Session] { try sessions("ORDER BY vm", []) }

    func put(_ session: Session) throws(LedgerError) {
        try run(
            """
            INSERT INTO sessions (vm, router, number, node, router_name, state, peer, since, is_take_over_requested)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (vm) DO UPDATE
            SET router = excluded.router, number = excluded.number, node = excluded.node,
                router_name = excluded.router_name, state = excluded.state, peer = excluded.peer,
                since = excluded.since, is_take_over_requested = excluded.is_take_over_requested
            """,
            [
                SQLValue(session.vm), SQLValue(session.token.router), SQLValue(session.token.number),
                SQLValue(session.place?.node), session.place?.name.map { SQLValue($0) } ?? .null,
                SQLValue(session.state.rawValue), SQLValue(session.peer), SQLValue(session.since),
                SQLValue(session.isTakeOverRequested),
            ])
    }

    func removeSession(of vm: VMID) throws(LedgerError) {
        try run("DELETE FROM sessions WHERE vm = $1", [SQLValue(vm)])
    }
}

/// A place is the column `node` or the column `router_name`; neither in rows of schema 1.
extension RouterPlace {
    fileprivate init?(node: NodeID?, name: String?) {
        if let node {
            self = .node(node)
        } else if let name {
            self = .standAlone(name)
        } else {
            return nil
        }
    }

    fileprivate var node: NodeID? { if case .node(let node) = self { node } else { nil } }
    fileprivate var name: String? { if case .standAlone(let name) = self { name } else { nil } }
}
