import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import Logging
package import SimulatedPorts
package import Simulator
import FarmRules

/// A farm of one node in memory, with the real HKD and L7R on simulated ports, users and administrators: made from a
/// plan, run by `Runner`.
package final class World: Sendable {
    package let plan: Plan
    package let simulation: Simulation
    package let host: SimulatedHost
    package let store: SimulatedStore
    let node = NodeID(1)
    let nodeName = "node-1"
    let planClass: PlanClass
    let state = Confined(State())
    let log: Logger

    struct State {
        var lives: [ProcessKind: Incarnation] = [:]
        /// Grows with each start asked for, so that an old supervisor's plan does not start a process twice.
        var starts: [ProcessKind: Int] = [:]
        var startedAt: [ProcessKind: Int64] = [:]
        var door: AsyncStream<SimulatedClientExchange>.Continuation?
        var clients: [Client] = []
        var isEnding = false
        var isHealed = false
        var deaths = 0
        /// VMs that ran when HKD died, and have not been adopted yet.
        var orphans: Set<VMID> = []
        /// Processes that were told to end and have not yet.
        var departures: [ProcessKind: Departure] = [:]
        /// A rule that was broken where no checker looks; the next look takes it.
        var found: Violation?
    }

    /// A request of a user, from the side of the user.
    struct Client {
        var user: Int
        /// The VM asked for; nil for a list.
        var vm: Int?
        var began: Int64
        var exchange: SimulatedClientExchange
        var isConnect: Bool
    }

    package init(plan: Plan, keeping: Trace.Keeping = .digest) {
        self.plan = plan
        planClass = PlanClass(plan)
        simulation = Simulation(seed: plan.seed, keeping: keeping)
        log = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
        let address = IPv4Address(bits: 0x0a03_0001)
        host = SimulatedHost(
            simulation: simulation, node: node, address: address, images: ["desktop.qcow2"],
            memory: plan.farm.nodeMemory)
        store = SimulatedStore(Self.farm(plan, nodeName: nodeName, address: address))
        apply(plan.faults)
    }

    /// The farm's rows at the start.
    private static func farm(_ plan: Plan, nodeName: String, address: IPv4Address) -> FarmLedger {
        do {
            let addresses = try AddressPlan(
                network: IPv4Address(bits: 0x0a03_0000), prefixLength: 16, rangeStart: IPv4Address(bits: 0x0a03_0100),
                gateway: nil)
            var ledger = FarmLedger(farm: FarmID(bits: 0xabc123), addressPlan: addresses)
            var commands: [AdministrationCommand] = [.addNode(name: nodeName, address: address)]
            for user in 1...plan.farm.users {
                commands.append(
                    .addUser(
                        tenant: TenantID(1), login: "user\(user)",
                        passwordHash: SimulatedPasswordHasher.stored(password(ofUser: user), salt: "s\(user)")))
            }
            commands.append(
                .addOSF(
                    tenant: TenantID(1), name: "desktop", memory: plan.farm.memory,
                    userDiskSize: plan.farm.userDisk, keepsOverlay: plan.farm.keepsOverlay))
            commands.append(.addImage(osf: OSFID(1), file: "desktop.qcow2", version: nil, day: "2026-01-01"))
            for vm in 1...plan.farm.vms {
                commands.append(
                    .addVM(
                        name: "vm\(vm)", user: UserID(Int64(plan.farm.owner(ofVM: vm))), osf: OSFID(1),
                        tag: "default", address: nil))
            }
            let wall = WallTime(seconds: SimulatedClock.wallTimeAtStart)
            for command in commands { _ = try ledger.apply(command, by: "simulation", at: wall).get() }
            return ledger
        } catch {
            preconditionFailure("a farm of \(plan.farm.vms) VMs cannot be made: \(error)")
        }
    }

    static func password(ofUser number: Int) -> String { "secret of user \(number)" }

    var now: Int64 { simulation.now }

    /// The store's rows, without moments and counters, one line each.
    var finalRows: [String] {
        store.look { ledger in
            let vms = ledger.vms().map { vm in
                "vm \(vm.id) \(vm.name) \(vm.user) \(vm.tag) \(vm.isBlocked) \(vm.intent.wanted)"
                    + " \(vm.intent.node?.rawValue ?? 0) \(vm.observation.state) \(vm.observation.lastError ?? "")"
            }
            let users = ledger.users().map { "user \($0.id) \($0.login) \($0.isBlocked)" }
            let nodes = ledger.nodes().map { "node \($0.id) \($0.isBlocked) \($0.state)" }
            return vms + users + nodes + ledger.sessions().map { "session \($0.vm) \($0.state)" }
        }
    }

    // MARK: Processes

    /// Starts HKD and L7R.
    func startAll() {
        for kind in ProcessKind.allCases { start(kind) }
    }

    func isAlive(_ kind: ProcessKind) -> Bool { state.value.lives[kind]?.isAlive ?? false }
    func start(_ kind: ProcessKind) {
        guard !isAlive(kind), !state.value.isEnding else { return }
        let life = simulation.begin(kind, on: node)
        state.value.lives[kind] = life
        state.value.startedAt[kind] = now
        let ports = PortSet(host: host, incarnation: life)
        let connection = StoreConnection(store: store, gate: ports.gate)
        switch kind {
        case .houseKeeper: startHouseKeeper(life, ports, connection)
        case .router: startRouter(life, ports, connection)
        }
    }

    private func startHouseKeeper(_ life: Incarnation, _ ports: PortSet, _ connection: StoreConnection) {
        var policy = NodePolicy()
        policy.heavyMax = plan.farm.heavyMax + (simulation.mutation == .takesOneSlotMore ? 1 : 0)
        simulation.watchHeavyWork(of: life, stepLimit: policy.limits.step.nanoseconds)
        let keeper = HouseKeeper(
            ports: NodePorts(
                hypervisor: ports.hypervisor, network: ports.network, filter: ports.filter,
                addresses: ports.addresses, disks: ports.disks, secrets: ports.secrets, agent: ports.agent,
                records: connection, changes: connection, clock: ports.clock, random: ports.random),
            settings: NodeSettings(
                name: nodeName, acceleration: .tcg, consoleFolder: "/console", policy: policy),
            log: log)
        let isBusy = simulation.mutation == .asksWithoutPause
        live(life, as: .houseKeeper) { [self] in
            while isBusy, life.isAlive { _ = try await ports.network.observeBridge() }
            try await life.untilTerminated { try await keeper.run() }
            try await misbehave(life, ports)
            if simulation.mutation != .leavesWithoutAWord { await keeper.leave() }
        }
    }

    private func startRouter(_ life: Incarnation, _ ports: PortSet, _ connection: StoreConnection) {
        let router = Router(
            configuration: RouterConfiguration(nodeName: nodeName, place: .node(node), address: host.address),
            ports: RouterPorts(
                store: connection, agent: ports.agent, lines: ports.lines, passwords: ports.hasher,
                clock: ports.clock, random: ports.random, log: log))
        let (door, enter) = AsyncStream<SimulatedClientExchange>.makeStream()
        state.value.door = enter
        life.onDeath { enter.finish() }
        live(life, as: .router) {
            try await life.untilTerminated {
                await withDiscardingTaskGroup { group in
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
                simulation.record(.world, source: life.source, value: 1, words: "\(life.name) ended: \(error)")
            }
            ended(life, kind)
        }
    }

    /// A process ended by itself: its supervisor starts it again.
    private func ended(_ life: Incarnation, _ kind: ProcessKind) {
        guard life.isAlive else { return }
        let pause = departed(kind, life: life.number)
        if kind == .router { state.value.door = nil }
        simulation.kill(life)
        restart(kind, after: max(pause, Plan.second))
    }

    /// kill -9, and the supervisor's restart.
    func kill(_ kind: ProcessKind, restartAfter pause: Int64) {
        guard let life = state.value.lives[kind], life.isAlive else { return }
        state.value.deaths += 1
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

    /// Ends all processes, so that nothing of the run stays in memory.
    func endProcesses() {
        state.value.isEnding = true
        for kind in ProcessKind.allCases {
            if let life = state.value.lives[kind] { simulation.kill(life) }
        }
        store.close()
    }

    // MARK: Faults

    private func apply(_ plan: FaultPlan) {
        for (index, fault) in plan.faults.enumerated() {
            simulation.executor.schedule(at: fault.at) { [self] in begin(fault, index: index) }
        }
    }

    private func begin(_ fault: Fault, index: Int) {
        guard !state.value.isHealed else { return }
        simulation.record(.fault, value: Int64(index), words: "fault \(index): \(fault.text)")
        switch fault.kind {
        case .kill(let kind, let calls):
            guard let life = state.value.lives[kind], life.isAlive else { return }
            guard let calls else { return kill(kind, restartAfter: fault.lasts) }
            simulation.scheduleKill(life, afterSteps: calls) { [self] operation in
                simulation.mark(.killedDuring(kind, operation))
                kill(kind, restartAfter: fault.lasts)
            }
        case .terminate(let kind): terminate(kind, restartAfter: fault.lasts)
        case .freeze(let kind):
            guard let life = state.value.lives[kind], life.isAlive else { return }
            life.executor.freeze()
            simulation.mark(.frozen(kind))
            simulation.executor.schedule(at: now + fault.lasts) { life.executor.thaw() }
        case .addressServiceDies:
            host.change { $0.isAddressServiceUp = false }
            simulation.mark(.injected(ScenarioFaults.word(fault.kind)))
            simulation.executor.schedule(at: now + fault.lasts) { [host] in
                host.change { $0.isAddressServiceUp = true }
            }
        case .slow, .failing, .hanging, .eventsLost, .eventsDoubled, .diskFull, .agentSilent:
            simulation.withFaults { $0.begin(fault, index: index) }
            if fault.lasts > 0 {
                simulation.executor.schedule(at: now + fault.lasts) { [simulation] in
                    simulation.withFaults { $0.end(index: index) }
                }
            }
        case .emulatorFreezes(let vm):
            guard let name = host.liveName(of: vm) else { return }
            inject(fault.kind)
            simulation.executor.schedule(at: now + fault.lasts) { [host] in host.setFrozen(name, false) }
        default: inject(fault.kind)
        }
    }

    private func inject(_ kind: Fault.Kind) {
        if host.inject(kind) { simulation.mark(.injected(ScenarioFaults.word(kind))) }
    }

    /// All faults end, the dead rise, and nothing goes wrong any more.
    ///
    /// - Returns: whether anything was still wrong at this moment, or a moment ago, so that calls may be under way.
    func heal() -> Bool {
        let recently = now - Self.callsEndWithin
        let wasFaulty = plan.faults.faults.contains { $0.at + $0.lasts > recently } || !hungVMs.isEmpty
        state.value.isHealed = true
        simulation.withFaults { $0.endAll() }
        host.change {
            $0.isAddressServiceUp = true
            $0.stuckBoots = []
            // A node too small for its VMs can never serve all of them at once.
            $0.memory = Mebibytes(1 << 24)
            // Whoever took an image away, or damaged it, has put it back.
            for file in plan.imageFiles { $0.disks.images[file, default: HostDisks.Image()].isCorrupt = false }
        }
        for domain in host.state.sortedDomains where domain.isFrozen { host.setFrozen(domain.name, false) }
        for kind in ProcessKind.allCases {
            if let life = state.value.lives[kind], life.isAlive {
                life.executor.thaw()
                simulation.cancelKill(life)
            } else {
                start(kind)
            }
        }
        return wasFaulty
    }

    /// A call that a fault has met has ended, and what it left behind has been tried again, so long after the fault.
    private static let callsEndWithin = 180 * Plan.second
}
