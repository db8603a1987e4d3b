package import FarmModel
package import FarmPorts
import Synchronization
package import FarmRules

/// The farm's store in memory: every operation of the store ports on a `FarmLedger`, at once and without faults.
/// Whoever wants latency or faults puts them in front of it. It outlives the simulated processes that use it, as a
/// database would.
package final class SimulatedStore: Sendable {
    private struct State {
        var ledger: FarmLedger
        /// The log of what was done, as rows: every operation is done here once more, and nothing else ever is.
        var shadow: FarmLedger
        /// Kept in the order of their numbers, so that waking is deterministic.
        var watchers: [(number: Int, watcher: Watcher)] = []
        var nextWatcher = 0
    }

    private struct Watcher {
        var continuation: AsyncStream<Void>.Continuation
        /// Brings the notice to the watcher.
        var tell: @Sendable (AsyncStream<Void>.Continuation) -> Void
    }

    private let state: Mutex<State>

    package init(_ ledger: FarmLedger) { state = Mutex(State(ledger: ledger, shadow: ledger)) }

    /// A new farm with nothing but the tenant `default`.
    package convenience init(farm: FarmID, addressPlan: AddressPlan) {
        self.init(FarmLedger(farm: farm, addressPlan: addressPlan))
    }

    /// The farm as it is now; for checkers, which look between two steps.
    package var ledger: FarmLedger { state.withLock { $0.ledger } }

    /// The ledger's revision, without a copy of the ledger.
    package var revision: Int64 { state.withLock { $0.ledger.revision } }

    /// Looks at the ledger without copying it.
    package func look<Value: Sendable>(_ body: (FarmLedger) -> Value) -> Value {
        state.withLock { body($0.ledger) }
    }

    /// Looks at the rows, and at what they must be after all that was done.
    package func compare<Value: Sendable>(_ body: (_ rows: FarmLedger, _ shadow: FarmLedger) -> Value) -> Value {
        state.withLock { body($0.ledger, $0.shadow) }
    }

    /// Puts another state in the place of this one, as restoring a backup would. Nobody ordered it: what was done
    /// before stays in the log.
    package func replace(_ ledger: FarmLedger) { state.withLock { $0.ledger = ledger } }

    /// Ends every stream of `changes()`.
    package func close() {
        let watchers = state.withLock { state in
            defer { state.watchers = [] }
            return state.watchers
        }
        for (_, watcher) in watchers { watcher.continuation.finish() }
    }

    private func read<Value: Sendable>(
        _ attempt: @autoclosure () -> String, _ body: (FarmLedger) throws(LedgerError) -> Value
    ) throws(PortError) -> Value {
        let result = state.withLock { state in
            Result { () throws(LedgerError) -> Value in try body(state.ledger) }
        }
        return try unwrap(result, attempt())
    }

    /// One transaction: a failed one leaves the ledger as it was.
    private func write<Value: Sendable>(
        _ attempt: @autoclosure () -> String, _ body: (inout FarmLedger) throws(LedgerError) -> Value
    ) throws(PortError) -> Value {
        let (result, toWake) = state.withLock { state in
            let before = state.ledger.revision
            let result = Result { () throws(LedgerError) -> Value in try body(&state.ledger) }
            if case .success = result {
                // What succeeded there succeeds here, unless something was lost before.
                _ = Result { () throws(LedgerError) -> Value in try body(&state.shadow) }
            }
            let isChanged = state.ledger.revision != before
            return (result, isChanged ? state.watchers.map(\.watcher) : [])
        }
        for watcher in toWake { watcher.tell(watcher.continuation) }
        return try unwrap(result, attempt())
    }

    private func unwrap<Value>(
        _ result: Result<Value, LedgerError>, _ attempt: @autoclosure () -> String
    ) throws(PortError) -> Value {
        switch result {
        case .success(let value): return value
        case .failure(let error): throw portError(error, attempt: attempt())
        }
    }
}

/// As every port but `Administration` says it.
private func portError(_ error: LedgerError, attempt: String) -> PortError {
    switch error {
    case .stale(let attempt, let detail): return PortError(.rejected, .stale, attempt: attempt, detail: detail)
    case .notFound(let attempt, let detail): return PortError(.rejected, .notFound, attempt: attempt, detail: detail)
    case .rows(let error): return PortError(.rejected, .unavailable, attempt: attempt, detail: "\(error)")
    case .refused(let refusal):
        let reason: PortError.Reason =
            switch refusal.reason {
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .blocked, .noNode: .denied
            case .inUse, .notStopped: .busy
            case .rangeIsFull: .limit
            case .invalid: .invalid
            }
        return PortError(.rejected, reason, attempt: attempt, detail: refusal.message)
    }
}

extension SimulatedStore: NodeRecords {
    package func node(named name: String) async throws(PortError) -> NodeIdentity {
        let row = try read("looking for node `\(name)`") { ledger throws(LedgerError) in
            try ledger.nodeIdentity(named: name)
        }
        return NodeIdentity(farm: row.identity.farm, node: row.node, addressPlan: row.identity.addressPlan)
    }

    package func recordState(of node: NodeID, _ state: NodeState, at time: WallTime) async throws(PortError) {
        try write("recording the state of node \(node)") { ledger throws(LedgerError) in
            try ledger.recordState(of: node, state, at: time)
        }
    }

    package func desiredState(of node: NodeID, about vms: [VMID]) async throws(PortError) -> DesiredState {
        try read("reading what is wanted of node \(node)") { ledger throws(LedgerError) in
            try ledger.desiredState(of: node, about: vms)
        }
    }

    package func reservations() async throws(PortError) -> [Reservation] {
        try read("reading the reservations") { ledger throws(LedgerError) in try ledger.reservations() }
    }

    package func record(
        _ observation: Observation, of vm: VMID, by node: NodeID, epoch: Epoch
    ) async throws(PortError) {
        try write("recording the state of VM \(vm)") { ledger throws(LedgerError) in
            try ledger.record(observation, of: vm, by: node, epoch: epoch)
        }
    }

    package func release(
        _ vm: VMID, by node: NodeID, epoch: Epoch, request: Int64, error: String?, at time: WallTime
    ) async throws(PortError) {
        try write("releasing VM \(vm)") { ledger throws(LedgerError) in
            try ledger.release(vm, by: node, epoch: epoch, request: request, error: error, at: time)
        }
    }

    package func begin(
        _ vm: VMID, by node: NodeID, epoch: Epoch, secret: AgentSecret
    ) async throws(PortError) -> AgentSecret {
        try write("beginning the start of VM \(vm)") { ledger throws(LedgerError) in
            try ledger.begin(vm, by: node, epoch: epoch, secret: secret)
        }
    }

    package func abandonedDomains(on node: NodeID) async throws(PortError) -> [VMID] {
        try read("reading the abandoned domains of node \(node)") { ledger throws(LedgerError) in
            ledger.abandonedDomains(on: node)
        }
    }
}

extension SimulatedStore: Desktops {
    package func account(_ name: LoginName) async throws(PortError) -> Account? {
        let row = try read("looking for user \(name)") { ledger throws(LedgerError) in try ledger.account(name) }
        return row.map { Account(user: $0.user, tenant: $0.tenant, passwordHash: $0.passwordHash) }
    }

    package func desktops(of user: UserID) async throws(PortError) -> [VirtualMachine] {
        try read("reading the VMs of user \(user)") { ledger throws(LedgerError) in ledger.vms(of: user) }
    }

    package func desktop(_ vm: VMID) async throws(PortError) -> DesktopView? {
        let row = try read("reading VM \(vm)") { ledger throws(LedgerError) in try ledger.desktop(vm) }
        return row.map { DesktopView(vm: $0.vm, secret: $0.secret, properties: $0.properties, session: $0.session) }
    }

    package func requestStart(_ vm: VMID, on node: NodeID, by actor: String) async throws(PortError) {
        try write("starting VM \(vm)") { ledger throws(LedgerError) in
            try ledger.requestStart(vm, on: node, by: actor)
        }
    }

    package func requestStop(_ vm: VMID, by actor: String) async throws(PortError) {
        try write("stopping VM \(vm)") { ledger throws(LedgerError) in try ledger.requestStop(vm, by: actor) }
    }

    package func nodesForPlacement() async throws(PortError) -> [PlacementCandidate] {
        let rows = try read("reading the nodes") { ledger throws(LedgerError) in try ledger.nodesForPlacement() }
        return rows.map { PlacementCandidate(node: $0.node, assignedVMs: $0.assignedVMs) }
    }
}

extension SimulatedStore: Sessions {
    package func claim(_ session: Session) async throws(PortError) -> SessionClaim {
        let holder = try write("beginning a session with VM \(session.vm)") { ledger throws(LedgerError) in
            try ledger.claim(session)
        }
        return holder.token == session.token ? .claimed : .held(holder)
    }

    package func takeOver(_ session: Session, from marked: SessionToken) async throws(PortError) -> SessionClaim {
        let holder = try write("taking VM \(session.vm) over from session \(marked)") {
            ledger throws(LedgerError) in try ledger.takeOver(session, from: marked)
        }
        return holder.token == session.token ? .claimed : .held(holder)
    }

    package func markConnected(
        _ token: SessionToken, vm: VMID, at time: WallTime
    ) async throws(PortError) {
        try write("marking session \(token) of VM \(vm) as connected") { ledger throws(LedgerError) in
            try ledger.markConnected(token, vm: vm, at: time)
        }
    }

    package func end(_ token: SessionToken, vm: VMID) async throws(PortError) {
        try write("ending session \(token) of VM \(vm)") { ledger throws(LedgerError) in
            try ledger.end(token, vm: vm)
        }
    }

    package func wantedByOthers(router: String) async throws(PortError) -> [Session] {
        try read("reading the sessions of router \(router)") { ledger throws(LedgerError) in
            try ledger.sessionsWantedByOthers(router: router)
        }
    }

    package func endEarlier(at place: RouterPlace, than router: String) async throws(PortError) {
        try write("ending the sessions of earlier routers than \(router)") { ledger throws(LedgerError) in
            try ledger.endEarlierSessions(at: place, than: router)
        }
    }
}

extension SimulatedStore: Administration {
    package func apply(
        _ command: AdministrationCommand, by actor: String, at time: WallTime
    ) async throws(PortError) -> Result<AdministrationResult, AdministrationRefusal> {
        try write("administering the farm") { ledger throws(LedgerError) in
            try ledger.apply(command, by: actor, at: time)
        }
    }

    package func snapshot() async throws(PortError) -> FarmSnapshot {
        try read("reading the farm") { ledger throws(LedgerError) in try ledger.snapshot() }
    }

    package func audit(limit: Int) async throws(PortError) -> [AuditRecord] {
        try read("reading the audit trail") { ledger throws(LedgerError) in ledger.audit(limit: limit) }
    }
}

extension SimulatedStore: StoreChanges {
    package func changes() -> AsyncStream<Void> { changes { $0.yield() } }

    /// - Parameter tell: brings a notice to whoever reads the stream, now, later or never.
    package func changes(
        _ tell: @escaping @Sendable (AsyncStream<Void>.Continuation) -> Void
    ) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.nextWatcher += 1
            state.watchers.append((state.nextWatcher, Watcher(continuation: continuation, tell: tell)))
            return state.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in state.watchers.removeAll { $0.number == number } }
        }
        return stream
    }
}
