import FarmControl
import FarmModel
import FarmPorts
import SimulatedPorts
import Simulator
import FarmRules

/// A process that was told to end, and what was so at that moment.
struct Departure {
    /// How long it stays away, in nanoseconds.
    var pause: Int64
    /// The process's life, as `Incarnation` numbers them.
    var life: Int
    var isHindered: Bool
    /// The desktops that ran and were wanted, with how often their domain had been destroyed.
    var desktops: [VMID: Int]
}

/// SIGTERM, and what must come of it: the process ends soon, says so, and takes no desktop along.
extension FarmNode {
    /// The node's own limit for sessions to end (`internal.hkd.stopping.l7rs.timeout`); then its supervisor kills.
    private static let stopLimit = 300 * Plan.second
    /// In this time a process that nothing hinders has ended.
    private static let endsWithin = 60 * Plan.second

    func terminate(_ kind: ProcessKind, restartAfter pause: Int64) {
        guard let life = state.value.lives[kind], life.isAlive, state.value.departures[kind]?.life != life.number
        else { return }
        simulation.mark(.terminated(kind))
        let rows = store.look { $0.vms() }
        let live = liveVMs
        let settled = rows.filter {
            state.value.fencePause == nil && $0.observation.state == .running && $0.intent.wanted == .run
                && live.contains($0.id)
        }
        if kind == .houseKeeper { state.value.orphans.formUnion(live) }
        state.value.departures[kind] = Departure(
            pause: pause, life: life.number, isHindered: isHindered,
            desktops: Dictionary(uniqueKeysWithValues: settled.map { ($0.id, timesDestroyed($0.id)) }))
        life.terminate()
        simulation.executor.schedule(at: now + Self.endsWithin) { [self] in
            guard life.isAlive, let departure = state.value.departures[kind], !departure.isHindered, !isHindered
            else { return }
            farm.value.found = Violation(
                "departs", at: now,
                "\(life.name) still runs \(Self.endsWithin / Plan.second) s after it was told to end")
        }
        simulation.executor.schedule(at: now + Self.stopLimit) { [self] in
            if life.isAlive { kill(kind, restartAfter: pause) }
        }
    }

    /// The process has ended.
    ///
    /// - Returns: how long it stays away, when it was told to end; otherwise 0.
    func departed(_ kind: ProcessKind, life: Int) -> Int64 {
        guard let departure = state.value.departures.removeValue(forKey: kind), departure.life == life else { return 0 }
        guard kind == .houseKeeper else { return departure.pause }
        if !departure.isHindered, !isHindered, store.look({ $0.node(id)?.state }) != .stopped {
            farm.value.found = Violation("departs", at: now, "HKD has ended, and the node's row does not say so")
        }
        for (vm, count) in departure.desktops.sorted(by: { $0.key < $1.key }) {
            let isWanted = store.look { $0.vm(vm)?.intent.wanted } == .run
            guard isWanted, timesDestroyed(vm) > count else { continue }
            farm.value.found = Violation(
                "departs", at: now, vm: vm,
                "HKD, told to end, destroyed the desktop of VM \(vm), which is wanted to run")
        }
        return departure.pause
    }

    private func timesDestroyed(_ vm: VMID) -> Int { host.read { $0.destroyed[vm] ?? 0 } }

    /// What a house keeper that breaks a rule on purpose does before it leaves.
    func misbehave(_ life: Incarnation, _ ports: PortSet) async throws {
        switch simulation.mutation {
        case .staysWhenTold: while life.isAlive { try await ports.clock.sleep(for: .seconds(1)) }
        case .endsDesktops:
            for domain in host.state.sortedDomains where domain.isLive {
                try await ports.hypervisor.destroy(domain.name)
            }
        default: break
        }
    }

    /// What hinders the processes of the node: a fault that lasts, or one of them that gets no processor.
    var isHindered: Bool { !simulation.withFaults { $0.isEmpty } || isFrozen }
}
