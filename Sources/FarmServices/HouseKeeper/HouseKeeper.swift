import FarmControl
import FarmModel
import FarmPorts
package import Logging

/// HKD's service: observe, decide, act, report. `NodeMachine` decides; here its actions are carried out, each
/// in a child task that reports one event back.
///
/// `run()` ends only when its task is cancelled; desktops run on then, and `leave()` says so in the store. Whoever
/// starts it again adopts them.
package struct HouseKeeper: Sendable {
    let ports: NodePorts
    let settings: NodeSettings
    let log: Logger
    /// Each element ends all VMs of the node at once; see `NodeMode.fencing`.
    let fenceOrders: AsyncStream<Void>
    /// Called once, when the node serves: both the store and the node were read and adopted.
    let onReady: @Sendable () -> Void

    package init(
        ports: NodePorts, settings: NodeSettings, log: Logger,
        fenceOrders: AsyncStream<Void> = AsyncStream { $0.finish() }, onReady: @escaping @Sendable () -> Void = {}
    ) {
        self.ports = ports
        self.settings = settings
        self.log = log
        self.fenceOrders = fenceOrders
        self.onReady = onReady
    }

    /// - Throws: `PortError` when the node cannot serve at all: no such node, no bridge, wrong address. The store being
    ///   away is waited for, not thrown. `NodeFenced` when it was told to fence, and has.
    package func run() async throws {
        let identity = try await join()
        let inbox = NodeInbox()
        let worker = NodeWorker(
            ports: ports, procedures: VMProcedures(ports: ports, identity: identity, settings: settings),
            identity: identity, reservations: ReservationPublisher(ports: ports, log: log),
            deletions: DiskDeleter(ports: ports, node: identity.node, log: log), log: log, onReady: onReady,
            inbox: inbox)
        let mode = await withDiscardingTaskGroup { group in
            group.addTask { await worker.hearHypervisor() }
            group.addTask { await worker.hearStore() }
            group.addTask { for await _ in fenceOrders { inbox.put(.fence) } }
            group.addTask { await worker.poll(.assignments, every: settings.policy.readEvery, .readDue) }
            group.addTask { await worker.poll(nil, every: StoreReadings.wholeEvery, .readAllDue) }
            group.addTask { await worker.poll(.node, every: settings.policy.lookEvery, .lookDue) }
            group.addTask { await worker.poll(nil, every: settings.policy.limits.pingAfterAnswer, .agentsDue) }
            var machine = NodeMachine(
                farm: identity.farm, node: identity.node.id, policy: settings.policy,
                storages: Set(ports.storages.ids))
            var alarms = Alarms()
            var readings = StoreReadings()
            inbox.put(.started)
            for await event in inbox.events {
                if event.isHeard { await inbox.took(event) }
                let now = ports.clock.now
                if case .tick = event { alarms.rang(at: now) }
                readings.hear(event, awaitedBy: machine)
                for action in machine.receive(event, at: now, wall: ports.clock.wallTime) {
                    let base = readings.base(for: action)
                    group.addTask { await worker.carryOut(action, since: base) }
                }
                if let moment = alarms.set(for: machine.deadline) {
                    group.addTask { await worker.wake(at: moment) }
                }
                if Task.isCancelled || machine.mode == .fenced { break }
            }
            group.cancelAll()
            return machine.mode
        }
        guard mode == .fenced else { return }
        await leave()
        throw NodeFenced()
    }

    /// The desktops stay; the row says that nobody watches them now. For whoever ended `run()`, and outside the task
    /// that they cancelled: a cancelled call may never reach the store.
    package func leave() async {
        do throws(PortError) {
            let node = try await ports.records.node(named: settings.name).node
            try await ports.records.reportState(of: node.id, .stopped, at: ports.clock.wallTime)
        } catch {
            log.warning("the store does not know that this node has stopped", metadata: ["error": "\(error)"])
        }
    }

    /// Finds the node's row and checks what must hold before anything is done.
    private func join() async throws -> NodeIdentity {
        let records = ports.records
        var found: NodeIdentity?
        try await untilTheStoreAnswers("finding the node's row") { () async throws(PortError) in
            found = try await records.node(named: settings.name)
        }
        guard let identity = found else { throw CancellationError() }
        try NodeChecks.bridge(
            try await ports.network.observeBridge(), node: identity.node, addressPlan: identity.addressPlan)
        let time = ports.clock.wallTime
        try await untilTheStoreAnswers("reporting that the node starts") { () async throws(PortError) in
            try await records.reportState(of: identity.node.id, .starting, at: time)
        }
        return identity
    }

    /// Tries again while the store is away; a refusal is thrown.
    private func untilTheStoreAnswers(
        _ attempt: String, _ body: () async throws(PortError) -> Void
    ) async throws {
        var pause = Duration.milliseconds(250)
        while let error = await failure(of: body) {
            if error.effect == .rejected || error.reason == .cancelled { throw error }
            log.warning(
                "the store does not answer; trying again",
                metadata: ["doing": "\(attempt)", "error": "\(error)"])
            try await ports.clock.sleep(for: pause)
            pause = min(pause * 2, .seconds(10))
        }
    }

    private func failure(of body: () async throws(PortError) -> Void) async -> PortError? {
        do throws(PortError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }
}

/// A node was told to fence and has: none of its VMs runs any more. Whoever runs its house keeper again joins anew.
package struct NodeFenced: Error, CustomStringConvertible {
    package var description: String { "the node was told to fence: it has ended all its VMs" }
}

extension StoreReadings {
    /// A late answer is none that the machine takes.
    fileprivate mutating func hear(_ event: NodeEvent, awaitedBy machine: NodeMachine) {
        switch event {
        case .readAllDue: wantWhole()
        case .read(let state, let number) where machine.awaitsReading(number): took(state)
        case .readChanges(let changes, let vms, let number) where machine.awaitsReading(number):
            took(changes, about: vms)
        default: break
        }
    }

    fileprivate func base(for action: NodeAction) -> Revision? {
        guard case .readStore(let vms, _) = action else { return nil }
        return base(about: vms)
    }
}

/// Wake-ups that are under way. A later one is never cancelled but simply found to be of no use when it
/// rings, so a new one is needed only when it is earlier than all of them.
struct Alarms: Sendable {
    private var pending: [Instant] = []

    /// The moment to wake at, if no alarm rings early enough already.
    mutating func set(for deadline: Instant?) -> Instant? {
        guard let deadline else { return nil }
        if let earliest = pending.min(), earliest <= deadline { return nil }
        pending.append(deadline)
        return deadline
    }

    /// An alarm that rings before its moment (two clocks of the machine differ a little) has rung all the
    /// same.
    mutating func rang(at now: Instant) {
        let before = pending.count
        pending.removeAll { $0 <= now }
        if pending.count == before, let earliest = pending.min() { pending.removeAll { $0 == earliest } }
    }
}
