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
    private var newestStore: Int64 = 0
    /// What each user disk was when first seen: generation, then what was saved on it.
    private var userDisks: [VMID: HostDisks.UserDisk] = [:]
    private var deletions: [VMID: Int] = [:]
    /// Since when a row says running though nothing runs.
    private var untrueSince: [VMID: Int64] = [:]
    private let blocksUsers: Bool
    /// Since when each blocked user is blocked.
    private var blockedSince: [Int: Int64] = [:]
    private var callWindow: (start: Int64, calls: Int) = (0, 0)

    /// How long a row may say running after its domain ended while nothing hinders the node: one look (10 s), the
    /// retries of the record, and room for slow calls.
    static let trueRowGrace = 60 * Plan.second
    /// Port calls in 10 s that no quiet farm needs: a busy loop.
    static let callsPerVMMax = 400

    init(_ world: World) {
        self.world = world
        blocksUsers = world.plan.steps.contains { if case .administer(.blockUser) = $0.action { true } else { false } }
    }

    /// The first rule that does not hold now. Looks only at what moved since the last look.
    func check() -> Violation? {
        let moved = world.simulation.takeChanges()
        guard !moved.isEmpty else { return nil }
        if moved.contains(.domains), let found = domains() { return found }
        if moved.contains(.network), let found = frames() { return found }
        if moved.contains(.disks), let found = disks() { return found }
        if blocksUsers, moved.contains(.store) { noteBlocks() }
        if moved.contains(.sessions), let found = desktops() { return found }
        return moved.contains(.store) ? writes(world.store.revision) : nil
    }

    /// The rules that have a time limit; asked once a second.
    func checkTimes() -> Violation? { world.state.value.found ?? rows() ?? bounds() }

    private func domains() -> Violation? {
        let now = world.now
        return world.host.read { truth in
            var seenVMs: Set<VMID> = []
            var seenAddresses: [IPv4Address: VMID] = [:]
            var seenMACs: [MACAddress: VMID] = [:]
            for domain in truth.domains.values {
                guard let running = domain.running else { continue }
                let vm = running.owner.vm
                guard seenVMs.insert(vm).inserted else {
                    return Violation("one-domain", at: now, vm: vm, "VM \(vm) has two live domains")
                }
                if let other = seenMACs.updateValue(vm, forKey: running.mac) {
                    return Violation(
                        "one-address", at: now, vm: vm, "VMs \(other) and \(vm) are both live with MAC \(running.mac)")
                }
                if let address = domain.guest.address, let other = seenAddresses.updateValue(vm, forKey: address) {
                    return Violation(
                        "one-address", at: now, vm: vm, "VMs \(other) and \(vm) both hold the address \(address)")
                }
            }
            return nil
        }
    }

    private func frames() -> Violation? {
        let now = world.now
        return world.host.read { truth in
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

    private func disks() -> Violation? {
        let now = world.now
        let disks = world.host.state.disks
        for (file, image) in disks.images where image.writes > 0 {
            return Violation("disk-safe", at: now, "the base image \(file) was written to")
        }
        for (vm, was) in userDisks {
            let ordered = disks.deletedUserDisks[vm] ?? 0
            if ordered > deletions[vm] ?? 0 { continue }
            guard let present = disks.userDisks[vm] else {
                return Violation("disk-safe", at: now, vm: vm, "the user disk of VM \(vm) is gone")
            }
            if present.generation != was.generation || present.writes < was.writes {
                return Violation("disk-safe", at: now, vm: vm, "the user disk of VM \(vm) was made anew")
            }
        }
        userDisks = disks.userDisks
        deletions = disks.deletedUserDisks
        return world.host.read { truth in
            var writers: [String: VMID] = [:]
            for domain in truth.domains.values {
                guard let running = domain.running else { continue }
                for path in [running.overlayPath, running.userDiskPath].compactMap({ $0 }) {
                    if let other = writers.updateValue(running.owner.vm, forKey: path) {
                        return Violation(
                            "disk-safe", at: now, vm: other,
                            "\(path) has two writers: VMs \(other) and \(running.owner.vm)")
                    }
                }
            }
            return nil
        }
    }

    private func noteBlocks() {
        let blocked = world.store.look { $0.users().filter(\.isBlocked).map { Int($0.id.rawValue) } }
        for user in blockedSince.keys where !blocked.contains(user) { blockedSince[user] = nil }
        for user in blocked where blockedSince[user] == nil { blockedSince[user] = world.now }
    }

    private func desktops() -> Violation? {
        var connected: [VMID: Int] = [:]
        for client in world.state.value.clients {
            guard client.exchange.ending.value == nil, let vm = client.exchange.carriedNow else { continue }
            if let since = blockedSince[client.user], client.began > since {
                return Violation(
                    "blocked", at: world.now, vm: vm,
                    "user\(client.user) was let in, though blocked since \(Instant(nanoseconds: since)) s")
            }
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

    private func writes(_ revision: Int64) -> Violation? {
        newestStore = max(newestStore, world.simulation.acknowledgedRevision)
        guard revision < newestStore else { return nil }
        return Violation(
            "no-lost-write", at: world.now,
            "the store is at revision \(revision), but revision \(newestStore) was acknowledged")
    }

    // MARK: With a time limit

    private func rows() -> Violation? {
        let now = world.now
        let isHindered = !world.isAlive(.houseKeeper) || world.isHindered
        let running = world.store.look { ledger in
            ledger.vms().filter { $0.observation.state == .running }.map(\.id)
        }
        let live = world.liveVMs
        world.noteAdoptions(running, live)
        var untrue: [VMID: Int64] = [:]
        for vm in running where !live.contains(vm) {
            // What hinders the node stops the clock: it starts anew when the node is free again.
            untrue[vm] = isHindered ? now : untrueSince[vm] ?? now
        }
        untrueSince = untrue
        let late = untrue.filter { now - $0.value > Self.trueRowGrace }.keys.min()
        return late.map {
            Violation(
                "true-row", at: now, vm: $0,
                "VM \($0) is written down as running, but no domain of it has lived for"
                    + " \(Self.trueRowGrace / Plan.second) s")
        }
    }

    private func bounds() -> Violation? {
        let now = world.now
        guard now - callWindow.start >= 10 * Plan.second else { return nil }
        let calls = world.simulation.portCalls - callWindow.calls
        callWindow = (now, world.simulation.portCalls)
        let limit = 4000 + Self.callsPerVMMax * world.plan.vmsMax
        guard calls > limit else { return nil }
        return Violation("bounded", at: now, "\(calls) port calls in 10 s; a farm this small needs at most \(limit)")
    }
}

extension World {
    /// Counts the desktops that outlived their HKD and that the next one knows.
    fileprivate func noteAdoptions(_ running: [VMID], _ live: Set<VMID>) {
        guard !state.value.orphans.isEmpty, isAlive(.houseKeeper),
            store.look({ $0.node(NodeID(1))?.state }) == .running
        else { return }
        for vm in running where live.contains(vm) && state.value.orphans.contains(vm) { simulation.mark(.adopted) }
        state.value.orphans = []
    }

    /// The VMs that have a live domain.
    var liveVMs: Set<VMID> { host.read { truth in Set(truth.domains.values.compactMap { $0.running?.owner.vm }) } }

    /// Whether a process of the node gets no processor.
    var isFrozen: Bool { state.value.lives.values.contains { $0.isAlive && $0.executor.isFrozen } }
}
