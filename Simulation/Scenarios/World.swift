import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import Logging
package import SimulatedPorts
package import Simulator
import FarmRules

/// A farm in memory, with the real HKD and L7R of each node on simulated ports, users and administrators: made from a
/// plan, run by `Runner`.
package final class World: Sendable {
    package let plan: Plan
    package let simulation: Simulation
    package let store: SimulatedStore
    /// The storage of all nodes.
    let storage: SimulatedStorage
    /// In the order of their numbers, from 1.
    let nodes: [FarmNode]
    let planClass: PlanClass
    let state = Confined(State())
    let log: Logger

    static let farmID = FarmID(bits: 0xabc123)

    struct State {
        var clients: [Client] = []
        var isEnding = false
        var isHealed = false
        /// A rule that was broken where no checker looks; the next look takes it.
        var found: Violation?
    }

    /// A request of a user, from the side of the user.
    struct Client {
        var user: Int
        /// The VM asked for; nil for a list.
        var vm: Int?
        /// Whose router was asked.
        var node: NodeID
        var began: Int64
        var exchange: SimulatedClientExchange
        var isConnect: Bool
    }

    /// - Parameter draw: see `Simulation`.
    package init(plan: Plan, detail: Trace.Detail = .digest, draw: UInt64 = 0) {
        self.plan = plan
        planClass = PlanClass(plan)
        simulation = Simulation(seed: plan.seed, detail: detail, draw: draw)
        log = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
        let addresses = (1...plan.farm.nodes).map { IPv4Address(bits: 0x0a03_0000 + UInt32($0)) }
        let store = SimulatedStore(Self.farm(plan, addresses))
        let storage = SimulatedStorage(images: ["desktop.qcow2"])
        let segment = SimulatedSegment()
        self.store = store
        self.storage = storage
        nodes = addresses.enumerated().map { [simulation, state, log] index, address in
            let host = SimulatedHost(
                simulation: simulation, node: NodeID(Int64(index + 1)), address: address, storage: storage,
                segment: segment, memory: plan.farm.nodeMemory)
            return FarmNode(host: host, plan: plan, store: store, farm: state, log: log)
        }
        apply(plan.faults)
    }

    /// The farm's rows at the start.
    private static func farm(_ plan: Plan, _ nodes: [IPv4Address]) -> FarmLedger {
        do {
            let addresses = try AddressPlan(
                network: IPv4Address(bits: 0x0a00_0000), prefixLength: 12, rangeStart: IPv4Address(bits: 0x0a03_0100),
                gateway: nil)
            var ledger = FarmLedger(farm: farmID, addressPlan: addresses)
            var commands: [AdministrationCommand] = nodes.enumerated().map {
                .addNode(
                    name: "node-\($0 + 1)", address: $1, memory: plan.farm.capacity.memory ?? Mebibytes(0),
                    cpus: plan.farm.capacity.cpus ?? 0)
            }
            if plan.farm.placement != .spread {
                commands.append(.setConfiguration(key: "placement.policy", value: plan.farm.placement.rawValue))
            }
            for user in 1...plan.farm.users {
                commands.append(
                    .addUser(
                        tenant: TenantID(1), login: "user\(user)",
                        passwordHash: SimulatedPasswordHasher.stored(password(ofUser: user), salt: "s\(user)")))
            }
            commands.append(
                .addOSF(
                    tenant: TenantID(1), name: "desktop", memory: plan.farm.memory,
                    cpus: plan.farm.cpus ?? 0, userDiskSize: plan.farm.userDisk, keepsOverlay: plan.farm.keepsOverlay))
            commands.append(.addImage(osf: OSFID(1), file: "desktop.qcow2", version: nil, day: "2026-01-01"))
            for vm in 1...plan.farm.vms {
                // The highest free one, which the farm would give too, but look for from the top each time.
                let address = IPv4Address(bits: addresses.rangeEnd.bits - UInt32(vm - 1))
                commands.append(
                    .addVM(
                        name: "vm\(vm)", user: UserID(Int64(plan.farm.owner(ofVM: vm))), osf: OSFID(1),
                        tag: "default", address: address))
            }
            let wall = WallTime(seconds: SimulatedClock.wallTimeAtStart)
            for command in commands { _ = try ledger.apply(command, by: .system(name: "simulation"), at: wall).get() }
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

    /// Starts HKD and L7R of every node.
    func startAll() {
        for node in nodes { node.startAll() }
    }

    /// Ends all processes, so that nothing of the run stays in memory.
    func endProcesses() {
        state.value.isEnding = true
        for node in nodes { node.endProcesses() }
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
        simulation.note(.fault, value: Int64(index), words: "fault \(index): \(fault.text)")
        switch fault.kind {
        case .call, .node(.ofNode(.diskFull)), .node(.ofVM(.agentSilent, _)):
            simulation.withFaults { $0.begin(fault, index: index) }
            if fault.lasts > 0 {
                simulation.executor.schedule(at: now + fault.lasts) { [simulation] in
                    simulation.withFaults { $0.end(index: index) }
                }
            }
        case .node(.ofNode(.hypervisorRestarts)):
            simulation.withFaults { $0.begin(fault, index: index) }
            simulation.executor.schedule(at: now + fault.lasts) { [simulation] in
                simulation.withFaults { $0.end(index: index) }
            }
            node(fault.node).begin(.ofNode(.hypervisorRestarts), lasts: fault.lasts)
        case .process(let process): node(fault.node).begin(process, lasts: fault.lasts)
        case .node(let what): befallen(by: what, at: fault.node).begin(what, lasts: fault.lasts)
        }
    }

    func node(_ id: NodeID) -> FarmNode { nodes[Int(id.rawValue) - 1] }

    /// The node where it happens: what befalls a VM happens where the VM runs.
    private func befallen(by what: NodeFault, at named: NodeID) -> FarmNode {
        guard case .ofVM(_, let vm) = what else { return node(named) }
        return nodes.first { $0.host.liveName(of: vm) != nil } ?? node(named)
    }

    /// All faults end, the dead rise, and nothing goes wrong any more.
    ///
    /// - Returns: whether anything was still wrong at this moment, or a moment ago, so that calls may be under way.
    func heal() -> Bool {
        let recently = now - Self.callsEndWithin
        let wasFaulty = plan.faults.faults.contains { $0.at + $0.lasts > recently } || !hungVMs.isEmpty
        state.value.isHealed = true
        simulation.withFaults { $0.endAll() }
        simulation.freeStuckCalls()
        // Whoever took an image away, or damaged it, has put it back.
        for file in plan.imageFiles { storage.disks.images[file, default: HostDisks.Image()].isCorrupt = false }
        simulation.changed(.disks)
        for node in nodes { node.heal() }
        return wasFaulty
    }

    /// A call that a fault has met has ended, and what it left behind has been tried again, so long after the fault.
    private static let callsEndWithin = 180 * Plan.second
}
