import FarmControl
import FarmModel
import FarmPorts
import FarmRules
import FarmServices
import Logging
import SimulatedPorts
import Simulator

/// A node of a simulated farm: its host, and the lives of its processes, which a supervisor starts again.
final class FarmNode: Sendable {
    let host: SimulatedHost
    let plan: Plan
    let store: SimulatedStore
    /// What all nodes of the farm share.
    let farm: Confined<World.State>
    let state = Confined(State())
    private let log: Logger

    struct State {
        var lives: [ProcessKind: Incarnation] = [:]
        /// Grows with each start asked for, so that an old supervisor's plan does not start a process twice.
        var starts: [ProcessKind: Int] = [:]
        var door: AsyncStream<SimulatedClientExchange>.Continuation?
        /// VMs that ran when HKD died, and have not been adopted yet.
        var orphans: Set<VMID> = []
        /// Processes that were told to end and have not yet.
        var departures: [ProcessKind: Departure] = [:]
        var orderFence: AsyncStream<Void>.Continuation?
        /// How long HKD stays away once it has fenced the node, if it was told to.
        var fencePause: Int64?
    }

    init(host: SimulatedHost, plan: Plan, store: SimulatedStore, farm: Confined<World.State>, log: Logger) {
        self.host = host
        self.plan = plan
        self.store = store
        self.farm = farm
        self.log = log
    }

    var id: NodeID { host.node }
    var name: String { "node-\(id)" }
    var simulation: Simulation { host.simulation }
    var now: Int64 { simulation.now }

    /// The VMs that have a live domain here.
    var liveVMs: Set<VMID> { host.read { truth in Set(truth.domains.values.compactMap { $0.running?.owner.vm }) } }

    /// Whether the VM's usual domain is live here.
    func isLive(_ vm: VMID) -> Bool {
        host.read { truth in
            let domains = truth.domains
            return domains.index(forKey: DomainName(farm: World.farmID, vm: vm)).map {
                domains.values[$0].running != nil
            } ?? false
        }
    }

    /// Whether a process of the node gets no processor.
    var isFrozen: Bool { state.value.lives.values.contains { $0.isAlive && $0.executor.isFrozen } }

    // MARK: Processes

    func startAll() {
        for kind in ProcessKind.allCases { start(kind) }
    }

    func isAlive(_ kind: ProcessKind) -> Bool { life(kind)?.isAlive ?? false }
    func life(_ kind: ProcessKind) -> Incarnation? { state.value.lives[kind] }

    func start(_ kind: ProcessKind) {
        guard !isAlive(kind), !farm.value.isEnding else { return }
        let life = simulation.begin(kind, on: id)
        state.value.lives[kind] = life
        let ports = PortSet(host: host, incarnation: life)
        let connection = StoreConnection(store: store, gate: ports.gate)
        switch kind {
        case .houseKeeper: startHouseKeeper(life, ports, connection)
        case .router: startRouter(life, ports, connection)
        }
    }

    private func startHouseKeeper(_ life: Incarnation, _ ports: PortSet, _ connection: StoreConnection) {
        var policy = NodePolicy()
        policy.limits = plan.farm.nodeLimits
        policy.heavyMax = plan.farm.heavyMax + (simulation.mutation == .takesOneSlotMore ? 1 : 0)
        simulation.watchHeavyWork(of: life, stepLimit: policy.limits.step.wholeNanoseconds)
        let (fenceOrders, orderFence) = AsyncStream<Void>.makeStream()
        state.value.orderFence = orderFence
        state.value.fencePause = nil
        life.onDeath { orderFence.finish() }
        let keeper = HouseKeeper(
            ports: NodePorts(
                hypervisor: ports.hypervisor, network: ports.network, filter: ports.filter,
                addresses: ports.addresses, storages: NodeStorages(standard: ports.disks, ports.moreDisks),
                secrets: ports.secrets, agent: ports.agent, records: connection, changes: connection,
                clock: ports.clock, random: ports.random),
            settings: NodeSettings(
                name: name, acceleration: .tcg, consoleFolder: "/console", policy: policy),
            log: log, fenceOrders: fenceOrders)
        let isBusy = simulation.mutation == .asksWithoutPause
        live(life, as: .houseKeeper) { [self] in
            while isBusy, life.isAlive { _ = try await ports.network.observeBridge() }
            try await life.untilTerminated { try await keeper.run() }
            try await misbehave(life, ports)
            if simulation.mutation != .leavesWithoutAWord { await keeper.leave() }
        }
    }

    private func startRouter(_ life: Incarnation, _ ports: PortSet, _ connection: StoreConnection) {
        var configuration = RouterConfiguration(nodeName: name, place: .node(id), address: host.address)
        configuration.limits = plan.farm.connectLimits
        let login = Login(
            ports: LoginPorts(
                store: connection, passwords: ports.hasher, clock: ports.clock, random: ports.random, log: log))
        let router = Router(
            configuration: configuration,
            ports: RouterPorts(
                login: login, store: connection, agent: ports.agent, clock: ports.clock, random: ports.random,
                log: log))
        let (door, enter) = AsyncStream<SimulatedClientExchange>.makeStream()
        state.value.door = enter
        life.onDeath { enter.finish() }
        live(life, as: .router) {
            try await life.untilTerminated {
                await withDiscardingTaskGroup { group in
                    group.addTask { await login.prepare() }
                    group.addTask { await router.run() }
                    for await exchange in door { group.addTask { await router.handle(exchange) } }
                    group.cancelAll()
                }
            }
        }
    }

    /// Runs a process to its end, by itself or because it was told to.
    private func live(_ life: Incarnation, as kind: ProcessKind, _ main: @escaping @Sendable () async throws -> Void) {
        life.start { [self] in
            do {
                try await main()
            } catch {
                simulation.note(.world, source: life.source, value: 1, words: "\(life.name) ended: \(error)")
            }
            ended(life, kind)
        }
    }

    /// A process ended by itself: its supervisor starts it again.
    private func ended(_ life: Incarnation, _ kind: ProcessKind) {
        guard life.isAlive else { return }
        let fenced = kind == .houseKeeper ? fencePause() : 0
        let pause = max(departed(kind, life: life.number), fenced)
        if kind == .router { state.value.door = nil }
        simulation.kill(life)
        restart(kind, after: max(pause, Plan.second))
    }

    /// kill -9, and the supervisor's restart.
    func kill(_ kind: ProcessKind, restartAfter pause: Int64) {
        guard let life = state.value.lives[kind], life.isAlive else { return }
        simulation.mark(.killed(kind))
        if kind == .houseKeeper { state.value.orphans.formUnion(liveVMs) }
        if kind == .router { state.value.door = nil }
        simulation.kill(life)
        restart(kind, after: max(pause, Plan.second / 10))
    }

    private func restart(_ kind: ProcessKind, after pause: Int64) {
        state.value.starts[kind, default: 0] += 1
        let number = state.value.starts[kind]
        simulation.executor.schedule(at: now + pause) { [self] in
            if state.value.starts[kind] == number { start(kind) }
        }
    }

    func endProcesses() {
        for kind in ProcessKind.allCases {
            if let life = state.value.lives[kind] { simulation.kill(life) }
        }
    }
}
