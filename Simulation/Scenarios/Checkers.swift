import FarmControl
import FarmModel
import FarmPorts
import SimulatedPorts
import Simulator
import FarmRules

/// The safety invariants, looked at after every event that changed anything. They ask the simulated world itself,
/// and the store for what the farm claims; never what a daemon believes.
final class Checkers {
    private let world: World
    private let store: StoreChecker
    private let disks: DiskChecker
    private let blocks: BlockChecker
    private let rows: RowChecker
    private var callWindow: (start: Int64, calls: Int) = (0, 0)
    /// The most port calls in 10 s so far.
    private(set) var mostCalls = 0

    init(_ world: World) {
        self.world = world
        store = StoreChecker(world)
        disks = DiskChecker(world)
        blocks = BlockChecker(world)
        rows = RowChecker(world)
    }

    /// The first rule that does not hold now. Looks only at what moved since the last look.
    func check() -> Violation? {
        let moved = world.simulation.takeChanges()
        guard !moved.isEmpty else { return nil }
        if moved.contains(.domains), let found = domains() ?? room() { return found }
        if moved.contains(.network), let found = frames() { return found }
        if moved.contains(.disks), let found = disks.check() { return found }
        if moved.contains(.store) { blocks.note() }
        if moved.contains(.sessions), let found = desktops() ?? blocks.check() { return found }
        return moved.contains(.store) ? store.check() : nil
    }

    /// The rules that have a time limit; asked once a second.
    func checkTimes() -> Violation? {
        world.state.value.found ?? store.compare() ?? rows.check() ?? slots() ?? bounds()
    }

    /// Over all nodes: the VMs share one network.
    private func domains() -> Violation? {
        let now = world.now
        var seenVMs: [VMID: NodeID] = [:]
        var seenAddresses: [IPv4Address: VMID] = [:]
        var seenMACs: [MACAddress: VMID] = [:]
        for node in world.nodes {
            let found: Violation? = node.host.read { truth in
                for domain in truth.domains.values {
                    guard let running = domain.running else { continue }
                    let vm = running.owner.vm
                    if let other = seenVMs.updateValue(node.id, forKey: vm) {
                        return Violation(
                            "one-domain", at: now, vm: vm,
                            other == node.id
                                ? "VM \(vm) has two live domains"
                                : "VM \(vm) has live domains on nodes \(other) and \(node.id)")
                    }
                    if let other = seenMACs.updateValue(vm, forKey: running.mac) {
                        return Violation(
                            "one-address", at: now, vm: vm,
                            "VMs \(other) and \(vm) are both live with MAC \(running.mac)")
                    }
                    if let address = domain.guest.address, let other = seenAddresses.updateValue(vm, forKey: address) {
                        return Violation(
                            "one-address", at: now, vm: vm,
                            "VMs \(other) and \(vm) both hold the address \(address)")
                    }
                }
                return nil
            }
            if let found { return found }
        }
        return nil
    }

    /// What is given to the live VMs of a node fits into what it has to give. Where a step changes the capacity the
    /// number of it at that moment is not known here.
    private func room() -> Violation? {
        let capacity = world.plan.farm.capacity
        guard capacity != .unlimited, !world.state.value.isHealed, !world.plan.changesCapacity else { return nil }
        for node in world.nodes {
            let taken = node.host.read { truth in
                truth.domains.values.compactMap(\.running).reduce(Resources.none) {
                    $0 + Resources(memory: $1.memory, cpus: $1.virtualCPUs)
                }
            }
            let isWithin =
                taken.memory <= capacity.memory ?? taken.memory && taken.cpus <= capacity.cpus ?? taken.cpus
            guard !isWithin else { continue }
            return Violation(
                "bounded", at: world.now,
                "live VMs of node \(node.id) hold \(taken.memory) and \(taken.cpus) CPUs, more than it has to give")
        }
        return nil
    }

    private func frames() -> Violation? {
        for node in world.nodes {
            if let found = node.foreignFrames() { return found }
        }
        return nil
    }

    private func desktops() -> Violation? {
        var connected: [VMID: Int] = [:]
        for client in world.state.value.clients {
            guard client.exchange.ending.value == nil, let vm = client.exchange.seesNow else { continue }
            if let owner = world.owner(ofVM: Int(vm.rawValue)), owner != client.user {
                return Violation(
                    "own-desktop", at: world.now, vm: vm, "user\(client.user) sees VM \(vm), which is user\(owner)'s")
            }
            if let other = connected.updateValue(client.user, forKey: vm) {
                return Violation(
                    "own-desktop", at: world.now, vm: vm,
                    "VM \(vm) has two clients at once: of user\(other) and user\(client.user)")
            }
        }
        return answers()
    }

    /// What users were told: nothing of VMs that are not theirs.
    private func answers() -> Violation? {
        for client in world.state.value.clients {
            guard case .answered(let response)? = client.exchange.ending.value, response.status == 200 else { continue }
            for vm in 1...world.plan.vmsMax {
                guard let owner = world.owner(ofVM: vm), owner != client.user else { continue }
                let isListed = client.vm == nil && response.body.contains("\"id\":\(vm),")
                guard isListed || client.vm == vm else { continue }
                return Violation(
                    "own-desktop", at: world.now, vm: VMID(Int64(vm)),
                    "user\(client.user) was answered about VM \(vm), which is not theirs: \(response.body)")
            }
        }
        return nil
    }

    // MARK: With a time limit

    /// No more VMs start and shut down at once than the node has slots.
    private func slots() -> Violation? {
        for node in world.nodes {
            guard let life = node.life(.houseKeeper) else { continue }
            let most = world.simulation.takeMostHeavyWork(of: life)
            guard most > world.plan.farm.heavyMax else { continue }
            return Violation(
                "bounded", at: world.now,
                "\(most) VMs were started or shut down at once by \(life.name), which has"
                    + " \(world.plan.farm.heavyMax) slots for that")
        }
        return nil
    }

    private func bounds() -> Violation? {
        let now = world.now
        guard now - callWindow.start >= 10 * Plan.second else { return nil }
        let calls = world.simulation.portCalls - callWindow.calls
        callWindow = (now, world.simulation.portCalls)
        mostCalls = max(mostCalls, calls)
        let limit = world.planClass.callsPerVMMax * world.plan.callers
        guard calls > limit else { return nil }
        return Violation("bounded", at: now, "\(calls) port calls in 10 s; a farm this small needs at most \(limit)")
    }
}

extension FarmNode {
    /// The first frame that passed though it should not, or the way for one.
    fileprivate func foreignFrames() -> Violation? {
        let now = self.now
        return host.read { truth in
            if let first = truth.network.foreignFrames.first {
                return Violation("no-spoof", at: now, "a frame passed that its guest has no right to send: \(first)")
            }
            for (mac, tap) in truth.network.learned {
                guard let holder = truth.network.taps[tap]?.holder, let running = truth.domains[holder]?.running,
                    running.tap == tap
                else { continue }
                if running.mac != mac {
                    return Violation(
                        "no-spoof", at: now, vm: tap.vm, "the bridge believes the foreign MAC \(mac) behind \(tap)")
                }
            }
            for domain in truth.domains.values {
                guard let tap = domain.running?.tap, truth.network.taps[tap]?.isOnBridge == true else { continue }
                if truth.network.filters[tap] == nil, !truth.network.flushed.contains(tap) {
                    return Violation("no-spoof", at: now, vm: tap.vm, "\(tap) is live on the bridge without rules")
                }
            }
            return nil
        }
    }

    /// Counts the desktops that outlived their HKD and that the next one knows.
    func noteAdoptions(_ running: [VMID]) {
        guard !state.value.orphans.isEmpty, isAlive(.houseKeeper), store.look({ $0.node(id)?.state }) == .running
        else { return }
        let live = liveVMs
        for vm in running where live.contains(vm) && state.value.orphans.contains(vm) { simulation.mark(.adopted) }
        state.value.orphans = []
    }
}

extension World {
    /// The VMs that have a live domain on any node.
    var liveVMs: Set<VMID> { nodes.reduce(into: []) { $0.formUnion($1.liveVMs) } }
}
