import FarmControl
import FarmModel
import FarmPorts
import SimulatedPorts
import Simulator
import FarmRules

/// The safety invariants, looked at after every event that changed anything. They ask the simulated world itself,
/// and the store for what the farm claims; never what a daemon believes.
///
/// Of what an event changed about some VMs they look at these VMs alone. The whole look is the slower twin: it is taken
/// where nobody says which VM it was, and `looksAtAll` takes it always, for a test that compares the two.
final class Checkers {
    private let world: World
    private let looksAtAll: Bool
    private let domains: DomainChecker
    private let room: RoomChecker
    private let frames: FrameChecker
    private let store: StoreChecker
    private let disks: DiskChecker
    private let blocks: BlockChecker
    private let rows: RowChecker
    private var callWindow: (start: Int64, calls: Int) = (0, 0)
    /// The most port calls in 10 s so far.
    private(set) var mostCalls = 0

    init(_ world: World, looksAtAll: Bool = false) {
        self.world = world
        self.looksAtAll = looksAtAll
        domains = DomainChecker(world)
        room = RoomChecker(world)
        frames = FrameChecker(world)
        store = StoreChecker(world)
        disks = DiskChecker(world)
        blocks = BlockChecker(world)
        rows = RowChecker(world)
    }

    /// The first rule that does not hold now. Looks only at what moved since the last look.
    func check() -> Violation? {
        guard let changes = world.simulation.takeChanges() else { return nil }
        let moved = changes.aspects
        let wholly = looksAtAll ? moved : changes.wholly
        if moved.contains(.domains) { rows.domainsMoved(wholly.contains(.domains) ? nil : changes.vms) }
        if moved.contains(.domains),
            let found = (wholly.contains(.domains) ? domains.checkAll() : domains.check(changes.vms)) ?? room.check()
        {
            return found
        }
        if moved.contains(.network),
            let found = wholly.contains(.network) ? frames.checkAll() : frames.check(changes.vms)
        {
            return found
        }
        if moved.contains(.disks),
            let found = wholly.contains(.disks) ? disks.checkAll() : disks.check(changes.vms)
        {
            return found
        }
        if moved.contains(.store) { blocks.note() }
        if moved.contains(.sessions), let found = desktops() ?? blocks.check() { return found }
        return moved.contains(.store) ? store.check() : nil
    }

    /// The rules that have a time limit; asked once a second.
    func checkTimes() -> Violation? {
        world.state.value.found ?? store.compare() ?? rows.check() ?? slots() ?? bounds()
    }

    private func desktops() -> Violation? {
        var connected: [VMID: Int] = [:]
        for client in world.state.value.clients {
            guard !client.exchange.ending.hasHappened, let vm = client.exchange.seesNow else { continue }
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
    /// Counts the desktops that outlived their HKD and that the next one knows.
    func noteAdoptions(_ running: some Sequence<VMID>) {
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
