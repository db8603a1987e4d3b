import FarmRules
package import FarmModel
package import FarmPorts
import SQLRecords

// Every operation of the store ports as one transaction that runs the rules of FarmRules on the rows.

extension SQLiteStore: NodeRecords {
    package func node(named name: String) async throws(PortError) -> NodeIdentity {
        let row = try await read("looking for node `\(name)`") { records throws(LedgerError) in
            try records.nodeIdentity(named: name)
        }
        return NodeIdentity(farm: row.identity.farm, node: row.node, addressPlan: row.identity.addressPlan)
    }

    package func recordState(of node: NodeID, _ state: NodeState, at time: WallTime) async throws(PortError) {
        try await write("recording the state of node \(node)") { records throws(LedgerError) in
            try records.recordState(of: node, state, at: time)
        }
    }

    package func desiredState(of node: NodeID, about vms: [VMID]) async throws(PortError) -> DesiredState {
        try await read("reading what is wanted of node \(node)") { records throws(LedgerError) in
            try records.desiredState(of: node, about: vms)
        }
    }

    package func reservations() async throws(PortError) -> [Reservation] {
        try await read("reading the reservations") { records throws(LedgerError) in try records.reservations() }
    }

    package func record(
        _ observation: Observation, of vm: VMID, by node: NodeID, epoch: Epoch
    ) async throws(PortError) {
        try await write("recording the state of VM \(vm)") { records throws(LedgerError) in
            try records.record(observation, of: vm, by: node, epoch: epoch)
        }
    }

    package func release(
        _ vm: VMID, by node: NodeID, epoch: Epoch, request: Int64, error: String?, at time: WallTime
    ) async throws(PortError) {
        try await write("releasing VM \(vm)") { records throws(LedgerError) in
            try records.release(vm, by: node, epoch: epoch, request: request, error: error, at: time)
        }
    }

    package func begin(
        _ vm: VMID, by node: NodeID, epoch: Epoch, secret: AgentSecret
    ) async throws(PortError) -> AgentSecret {
        try await write("beginning the start of VM \(vm)") { records throws(LedgerError) in
            try records.begin(vm, by: node, epoch: epoch, secret: secret)
        }
    }

    package func abandonedDomains(on node: NodeID) async throws(PortError) -> [VMID] {
        try await read("reading the abandoned domains of node \(node)") { records throws(LedgerError) in
            try records.abandonedDomains(on: node)
        }
    }
}

extension SQLiteStore: Desktops {
    package func account(_ name: LoginName) async throws(PortError) -> Account? {
        let row = try await read("looking for user \(name)") { records throws(LedgerError) in
            try records.account(name)
        }
        return row.map { Account(user: $0.user, tenant: $0.tenant, passwordHash: $0.passwordHash) }
    }

    package func desktops(of user: UserID) async throws(PortError) -> [VirtualMachine] {
        try await read("reading the VMs of user \(user)") { records throws(LedgerError) in try records.vms(of: user) }
    }

    package func desktop(_ vm: VMID) async throws(PortError) -> DesktopView? {
        let row = try await read("reading VM \(vm)") { records throws(LedgerError) in try records.desktop(vm) }
        return row.map { DesktopView(vm: $0.vm, secret: $0.secret, properties: $0.properties, session: $0.session) }
    }

    package func requestStart(_ vm: VMID, on node: NodeID, by actor: String) async throws(PortError) {
        try await write("starting VM \(vm)") { records throws(LedgerError) in
            try records.requestStart(vm, on: node, by: actor)
        }
    }

    package func requestStop(_ vm: VMID, by actor: String) async throws(PortError) {
        try await write("stopping VM \(vm)") { records throws(LedgerError) in try records.requestStop(vm, by: actor) }
    }

    package func nodesForPlacement() async throws(PortError) -> [PlacementCandidate] {
        let rows = try await read("reading the nodes") { records throws(LedgerError) in
            try records.nodesForPlacement()
        }
        return rows.map { PlacementCandidate(node: $0.node, assignedVMs: $0.assignedVMs) }
    }
}

extension SQLiteStore: Sessions {
    package func claim(_ session: Session) async throws(PortError) -> SessionClaim {
        let holder = try await write("beginning a session with VM \(session.vm)") { records throws(LedgerError) in
            try records.claim(session)
        }
        return holder.token == session.token ? .claimed : .held(holder)
    }

    package func takeOver(_ session: Session, from marked: SessionToken) async throws(PortError) -> SessionClaim {
        let holder = try await write("taking VM \(session.vm) over from session \(marked)") {
            records throws(LedgerError) in try records.takeOver(session, from: marked)
        }
        return holder.token == session.token ? .claimed : .held(holder)
    }

    package func markConnected(
        _ token: SessionToken, vm: VMID, at time: WallTime
    ) async throws(PortError) {
        try await write("marking session \(token) of VM \(vm) as connected") { records throws(LedgerError) in
            try records.markConnected(token, vm: vm, at: time)
        }
    }

    package func end(_ token: SessionToken, vm: VMID) async throws(PortError) {
        try await write("ending session \(token) of VM \(vm)") { records throws(LedgerError) in
            try records.end(token, vm: vm)
        }
    }

    package func wantedByOthers(router: String) async throws(PortError) -> [Session] {
        try await read("reading the sessions of router \(router)") { records throws(LedgerError) in
            try records.sessionsWantedByOthers(router: router)
        }
    }

    package func endEarlier(at place: RouterPlace, than router: String) async throws(PortError) {
        try await write("ending the sessions of earlier routers than \(router)") { records throws(LedgerError) in
            try records.endEarlierSessions(at: place, than: router)
        }
    }
}

extension SQLiteStore: Administration {
    package func apply(
        _ command: AdministrationCommand, by actor: String, at time: WallTime
    ) async throws(PortError) -> Result<AdministrationResult, AdministrationRefusal> {
        try await write("administering the farm") { records throws(LedgerError) in
            try records.apply(command, by: actor, at: time)
        }
    }

    package func snapshot() async throws(PortError) -> FarmSnapshot {
        try await read("reading the farm") { records throws(LedgerError) in try records.snapshot() }
    }

    package func audit(limit: Int) async throws(PortError) -> [AuditRecord] {
        try await read("reading the audit trail") { records throws(LedgerError) in try records.audit(limit: limit) }
    }
}
