import FarmControl
package import FarmModel
package import FarmPorts
import Simulator
import FarmRules
import FarmStore

/// One process's connection to the simulated store: latency, faults, and the death of its process stand between.
package struct StoreConnection: Sendable {
    let store: SimulatedStore
    let gate: PortGate

    package init(store: SimulatedStore, gate: PortGate) {
        self.store = store
        self.gate = gate
    }

    func read<Value: Sendable>(
        _ attempt: @autoclosure @escaping @Sendable () -> String, vm: VMID? = nil,
        _ body: @escaping @Sendable (SimulatedStore) async throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        let store = self.store
        return try await gate.call(.storeRead, vm: vm, attempt: attempt()) { () async throws(PortError) in
            try await body(store)
        }
    }

    func write<Value: Sendable>(
        _ attempt: @autoclosure @escaping @Sendable () -> String, as operation: PortOperation = .storeWrite,
        vm: VMID? = nil, ofSessions: Bool = false,
        _ body: @escaping @Sendable (SimulatedStore) async throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        let store = self.store
        let simulation = gate.simulation
        return try await gate.call(operation, vm: vm, attempt: attempt()) { () async throws(PortError) in
            let before = [.losesWrites, .undoesUpdates].contains(simulation.mutation) ? store.ledger : nil
            let answer = try await body(store)
            simulation.wrote(ofSessions ? .session : StoreWrite(operation))
            simulation.acknowledged(revision: store.revision)
            if let before {
                if simulation.mutation == .undoesUpdates {
                    store.replace(store.ledger.undoingUsers(of: before))
                } else if simulation.guestChance(perMille: 100) {
                    store.replace(before)
                }
            }
            return answer
        }
    }
}

extension StoreConnection {
    /// Whether it was for want of room that a VM found no node.
    private func noteNoRoom(for vm: VMID, in store: SimulatedStore) {
        let (need, loads) = store.look { ledger in
            (ledger.vm(vm).flatMap { ledger.osf($0.osf)?.need }, ledger.nodeLoads())
        }
        guard let need else { return }
        let isFull = Placement(of: need, among: loads).obstacles.contains {
            switch $0.reason {
            case .tooLittleMemory, .tooFewCPUs: true
            case .blocked, .draining, .notRunning: false
            }
        }
        if isFull { gate.simulation.mark(.foundNoRoom) }
    }
}

extension FarmLedger {
    /// These rows with the users' rows as they were before: an update got lost, and the revision does not show it.
    fileprivate func undoingUsers(of before: FarmLedger) -> FarmLedger {
        var ledger = self
        for user in before.users() { ledger.put(user) }
        return ledger
    }
}

extension StoreConnection: NodeRecords {
    package func node(named name: String) async throws(PortError) -> NodeIdentity {
        try await read("looking for node \(name)") { store async throws(PortError) in
            try await store.node(named: name)
        }
    }

    package func reportState(of node: NodeID, _ state: NodeState, at time: WallTime) async throws(PortError) {
        try await write("reporting that node \(node) is \(state)") { store async throws(PortError) in
            try await store.reportState(of: node, state, at: time)
        }
    }

    package func desiredState(of node: NodeID, about vms: [VMID]) async throws(PortError) -> DesiredState {
        try await read("reading what is wanted of node \(node)") { store async throws(PortError) in
            try await store.desiredState(of: node, about: vms)
        }
    }

    package func desiredStateChanges(
        of node: NodeID, about vms: [VMID], after revision: Revision
    ) async throws(PortError) -> DesiredStateChanges? {
        try await read("reading what has changed for node \(node)") { store async throws(PortError) in
            try await store.desiredStateChanges(of: node, about: vms, after: revision)
        }
    }

    package func reservations() async throws(PortError) -> [Reservation] {
        try await read("reading the reservations") { store async throws(PortError) in try await store.reservations() }
    }

    package func report(
        _ observation: Observation, of vm: VMID, by node: NodeID, epoch: Epoch
    ) async throws(PortError) {
        try await write(
            "reporting VM \(vm) as \(observation.state) \(observation.detail)", as: .storeReport, vm: vm
        ) { store async throws(PortError) in
            try await store.report(observation, of: vm, by: node, epoch: epoch)
        }
    }

    package func release(
        _ vm: VMID, by node: NodeID, epoch: Epoch, request: Int64, error: String?, at time: WallTime
    ) async throws(PortError) {
        try await write("releasing VM \(vm): \(error ?? "stopped")", as: .storeRelease, vm: vm) {
            store async throws(PortError) in
            try await store.release(vm, by: node, epoch: epoch, request: request, error: error, at: time)
        }
    }

    package func begin(
        _ vm: VMID, by node: NodeID, epoch: Epoch, secret: AgentSecret
    ) async throws(PortError) -> Epoch {
        try await write("beginning the start of VM \(vm)", as: .storeBegin, vm: vm) { store async throws(PortError) in
            try await store.begin(vm, by: node, epoch: epoch, secret: secret)
        }
    }
}

extension StoreConnection: NodeStandings {
    package func standing(ofNode name: String) async throws(PortError) -> NodeStanding {
        let forgetsBlocks = gate.simulation.mutation == .forgetsNodeBlocks
        return try await read("looking at node \(name)") { store async throws(PortError) in
            var standing = try await store.standing(ofNode: name)
            if forgetsBlocks { standing.isBlocked = false }
            return standing
        }
    }
}

extension StoreConnection: Desktops {
    package func account(_ name: LoginName) async throws(PortError) -> Account? {
        let forgetsBlocks = gate.simulation.mutation == .forgetsBlocks
        return try await read("looking for user \(name)") { store async throws(PortError) in
            var account = try await store.account(name)
            if forgetsBlocks { account?.user.isBlocked = false }
            return account
        }
    }

    package func desktops(of user: UserID) async throws(PortError) -> [VirtualMachine] {
        let listsAll = gate.simulation.mutation == .listsEveryVM
        return try await read("reading the VMs of user \(user)") { store async throws(PortError) in
            listsAll ? store.look { $0.vms() } : try await store.desktops(of: user)
        }
    }

    package func desktop(_ vm: VMID) async throws(PortError) -> DesktopView? {
        let forgetsBlocks = gate.simulation.mutation == .forgetsVMBlocks
        return try await read("reading VM \(vm)", vm: vm) { store async throws(PortError) in
            var desktop = try await store.desktop(vm)
            if forgetsBlocks { desktop?.vm.isBlocked = false }
            return desktop
        }
    }

    package func requestStart(_ vm: VMID, by actor: String) async throws(PortError) -> NodeID {
        try await write("wanting VM \(vm) to run", vm: vm) { [gate] store async throws(PortError) in
            gate.simulation.commanded(.start, vm)
            do throws(PortError) {
                return try await store.requestStart(vm, by: actor)
            } catch {
                if error.reason == .denied { noteNoRoom(for: vm, in: store) }
                throw error
            }
        }
    }

    package func requestStop(_ vm: VMID, by actor: String) async throws(PortError) {
        try await write("wanting VM \(vm) to stop", vm: vm) { [gate] store async throws(PortError) in
            gate.simulation.commanded(.stop, vm)
            try await store.requestStop(vm, by: actor)
        }
    }
}

extension StoreConnection: SessionClaims {
    package func claim(_ session: Session) async throws(PortError) -> SessionClaim {
        try await write("claiming VM \(session.vm) for session \(session.token)", vm: session.vm, ofSessions: true) {
            store async throws(PortError) in try await store.claim(session)
        }
    }

    package func takeOver(_ session: Session, from marked: SessionToken) async throws(PortError) -> SessionClaim {
        try await write("taking VM \(session.vm) over from session \(marked)", vm: session.vm, ofSessions: true) {
            store async throws(PortError) in try await store.takeOver(session, from: marked)
        }
    }
}

extension StoreConnection: Sessions {
    package func markConnected(_ token: SessionToken, vm: VMID, at time: WallTime) async throws(PortError) {
        try await write("marking session \(token) connected", vm: vm, ofSessions: true) {
            store async throws(PortError) in try await store.markConnected(token, vm: vm, at: time)
        }
    }

    package func end(_ token: SessionToken, vm: VMID) async throws(PortError) {
        try await write("ending session \(token)", vm: vm, ofSessions: true) { store async throws(PortError) in
            try await store.end(token, vm: vm)
        }
    }

    package func wantedOrConnecting(router: String) async throws(PortError) -> [Session] {
        try await read("reading the sessions that are to be given up") { store async throws(PortError) in
            try await store.wantedOrConnecting(router: router)
        }
    }

    package func all(router: String) async throws(PortError) -> [Session] {
        try await read("reading all sessions of a router") { store async throws(PortError) in
            try await store.all(router: router)
        }
    }

    package func endEarlier(at place: RouterPlace, than router: String) async throws(PortError) {
        try await write("ending the sessions of earlier routers", ofSessions: true) { store async throws(PortError) in
            try await store.endEarlier(at: place, than: router)
        }
    }
}

extension StoreConnection: AdministrationCommands {
    package func apply(
        _ command: AdministrationCommand, by actor: Actor, request: RequestID?, at time: WallTime
    ) async throws(PortError) -> Result<AdministrationResult, AdministrationRefusal> {
        try await write("administering: \(command)") { [gate] store async throws(PortError) in
            switch command {
            case .startVM(let vm, _): gate.simulation.commanded(.start, vm)
            case .stopVM(let vm): gate.simulation.commanded(.stop, vm)
            case .setVM(let vm, _, _, true?): gate.simulation.commanded(.block, vm)
            case .deleteVM(let vm, _): gate.simulation.commanded(.delete, vm)
            default: break
            }
            let result = try await store.apply(command, by: actor, request: request, at: time)
            if case .startVM(let vm, _) = command, case .failure(let refusal) = result, refusal.reason == .noNode {
                noteNoRoom(for: vm, in: store)
            }
            return result
        }
    }
}

extension StoreConnection: StoreChanges {
    package func changes() -> AsyncStream<Void> {
        guard gate.simulation.mutation == .repeatsEvents else {
            return store.changes { [gate] in tell($0, gate) }
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        announce(continuation)
        return stream
    }

    private func tell(_ continuation: AsyncStream<Void>.Continuation, _ gate: PortGate) {
        let simulation = gate.simulation
        guard let delay = simulation.withFaults({ $0.noticeDelay(node: gate.node) }) else {
            return simulation.mark(.noticeLost)
        }
        guard delay > 0 else {
            continuation.yield()
            return
        }
        simulation.mark(.noticeLate)
        simulation.executor.schedule(at: simulation.now + delay) { continuation.yield() }
    }

    package func changes(after revision: Revision) async throws(PortError) -> FarmChanges {
        try await read("reading what has changed") { store async throws(PortError) in
            try await store.changes(after: revision)
        }
    }

    /// A change that is none, every millisecond, as long as the process lives.
    private func announce(_ continuation: AsyncStream<Void>.Continuation) {
        guard gate.incarnation.isAlive else { return continuation.finish() }
        continuation.yield()
        let simulation = gate.simulation
        simulation.executor.schedule(at: simulation.now + 1_000_000) { announce(continuation) }
    }
}
