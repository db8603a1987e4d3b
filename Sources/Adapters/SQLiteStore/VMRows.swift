import FarmControl
import FarmModel
import FarmPorts

// VMs with intent and observation, secrets, sessions.
extension SQLRecords: FarmRecords {
    private func vms(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [VirtualMachine] {
        try all(
            "vms",
            """
            SELECT id, name, user_id, osf, tag, address, is_blocked,
                intent_wanted, intent_node, intent_epoch, intent_request, intent_by,
                observed_state, observed_since, observed_detail, observed_error, observed_image
            FROM vms \(condition)
            """, values
        ) { (columns: inout Columns) throws(PortError) in
            VirtualMachine(
                id: columns.id(), name: columns.text(), user: columns.id(), osf: columns.id(), tag: columns.text(),
                address: try columns.address(), isBlocked: columns.flag(),
                intent: Intent(
                    wanted: try columns.choice(), node: columns.optionalID(), epoch: Epoch(columns.integer()),
                    request: columns.integer(), requestedBy: columns.text()),
                observation: Observation(
                    state: try columns.choice(), since: columns.time(), detail: columns.text(),
                    lastError: columns.optionalText(), image: columns.optionalID()))
        }
    }

    func vm(_ id: VMID) throws(LedgerError) -> VirtualMachine? { try vms("WHERE id = $1", [SQLValue(id)]).first }
    func vms() throws(LedgerError) -> [VirtualMachine] { try vms("ORDER BY id", []) }

    func vms(of user: UserID) throws(LedgerError) -> [VirtualMachine] {
        try vms("WHERE user_id = $1 ORDER BY id", [SQLValue(user)])
    }

    func vms(of osf: OSFID) throws(LedgerError) -> [VirtualMachine] {
        try vms("WHERE osf = $1 ORDER BY id", [SQLValue(osf)])
    }

    func vms(assignedTo node: NodeID) throws(LedgerError) -> [VirtualMachine] {
        try vms("WHERE intent_node = $1 ORDER BY id", [SQLValue(node)])
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
            INSERT INTO vms (
                id, name, user_id, osf, tag, address, is_blocked,
                intent_wanted, intent_node, intent_epoch, intent_request, intent_by,
                observed_state, observed_since, observed_detail, observed_error, observed_image)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
            ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, tag = excluded.tag, is_blocked = excluded.is_blocked,
                intent_wanted = excluded.intent_wanted, intent_node = excluded.intent_node,
                intent_epoch = excluded.intent_epoch, intent_request = excluded.intent_request,
                intent_by = excluded.intent_by, observed_state = excluded.observed_state,
                observed_since = excluded.observed_since, observed_detail = excluded.observed_detail,
                observed_error = excluded.observed_error, observed_image = excluded.observed_image
            """,
            [
                SQLValue(vm.id), SQLValue(vm.name), SQLValue(vm.user), SQLValue(vm.osf), SQLValue(vm.tag),
                SQLValue(vm.address), SQLValue(vm.isBlocked), SQLValue(vm.intent.wanted.rawValue),
                SQLValue(vm.intent.node), SQLValue(vm.intent.epoch.number), SQLValue(vm.intent.request),
                SQLValue(vm.intent.requestedBy), SQLValue(vm.observation.state.rawValue),
                SQLValue(vm.observation.since), SQLValue(vm.observation.detail),
                SQLValue(vm.observation.lastError), SQLValue(vm.observation.image),
            ])
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
