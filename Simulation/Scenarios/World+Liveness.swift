import FarmControl
import FarmModel
import SimulatedPorts
import Simulator
import FarmRules

/// What must hold at rest, after everything was healed. Each function says the first thing that does not hold yet.
extension World {
    /// `settles`: what is wanted is what is; `no-orphan`: nothing is left of what nobody wants.
    func unsettled() -> Violation? {
        let liveOnNode = nodes.map(\.liveVMs)
        let live = liveOnNode.reduce(into: Set()) { $0.formUnion($1) }
        let rows = store.look { $0.vms() }
        for row in rows {
            let isLive =
                row.intent.node.map { liveOnNode[Int($0.rawValue) - 1].contains(row.id) } ?? live.contains(row.id)
            let isRight =
                row.intent.wanted == .run
                ? row.observation.state == .running && isLive
                : row.observation.state == .stopped && row.intent.node == nil && !isLive
            guard !isRight else { continue }
            return Violation(
                "settles", at: now, vm: row.id,
                "VM \(row.id) is wanted to \(row.intent.wanted), written as \(row.observation.state)"
                    + " (\(row.observation.detail)), and \(isLive ? "has a live domain" : "has no live domain")")
        }
        for vm in live.sorted() where !rows.contains(where: { $0.id == vm }) {
            return Violation("no-orphan", at: now, vm: vm, "a domain of VM \(vm) lives, which has no row")
        }
        if let found = orphanedOverlay(rows) { return found }
        if let deletion = store.look({ $0.diskDeletions().first }) {
            return Violation(
                "settles", at: now, vm: deletion.disk.vm,
                "\(deletion.disk) is not deleted yet: \(deletion.lastError ?? "nobody says why")")
        }
        for node in nodes {
            let assigned = Set(rows.filter { $0.intent.node == node.id }.map(\.id))
            if let found = node.orphans(assigned) { return found }
        }
        return nil
    }

    private func orphanedOverlay(_ rows: [VirtualMachine]) -> Violation? {
        guard !plan.farm.keepsOverlay else { return nil }
        let assigned = Set(rows.filter { $0.intent.node != nil }.map(\.id))
        let left = storage.disks.overlays.keys.filter { !assigned.contains($0) }.min()
        return left.map {
            Violation("no-orphan", at: now, vm: $0, "the overlay of VM \($0) is left, which nobody runs")
        }
    }

    /// At the very end, with every VM stopped: the world is empty.
    func remains() -> Violation? {
        if let vm = liveVMs.min() {
            return Violation("settles", at: now, vm: vm, "VM \(vm) still lives though everything was stopped")
        }
        let sessions = store.look { $0.sessions() }
        if let session = sessions.first {
            return Violation("no-orphan", at: now, vm: session.vm, "session \(session.token) is left in the store")
        }
        return nil
    }

    /// `answered`: no connect waits longer than that without an answer or a session.
    func unanswered(limit: Int64) -> Violation? {
        for client in state.value.clients {
            guard now - client.began > limit, !client.exchange.ending.hasHappened, client.exchange.seesNow == nil
            else { continue }
            return Violation(
                "answered", at: now, vm: client.vm.map { VMID(Int64($0)) },
                "user\(client.user) has waited for an answer since \(Instant(nanoseconds: client.began)) s")
        }
        return nil
    }

    // MARK: Probes: everybody gets a desktop

    /// A user who tries until they see their desktop.
    struct Probe {
        var user: Int
        var vm: Int
        var tries: Int
        var exchange: SimulatedClientExchange
        var hasSeen = false
    }

    func beginProbes() -> Confined<[Probe]> {
        for client in state.value.clients where client.exchange.ending.value == nil { client.exchange.hangUp() }
        let rows = store.look { $0.vms() }
        for row in rows where row.isBlocked { administer(.unblock(vm: Int(row.id.rawValue))) }
        unblockUsers()
        for node in nodes {
            administer(.unblockNode(Int(node.id.rawValue)))
            if store.look({ $0.node(node.id)?.isDraining == true }) { administer(.resume(Int(node.id.rawValue))) }
            if plan.limitsCapacity { administer(.setCapacity(node: Int(node.id.rawValue), .unlimited)) }
        }
        return Confined(
            rows.map { row in
                let (vm, user) = (Int(row.id.rawValue), Int(row.user.rawValue))
                return Probe(user: user, vm: vm, tries: 1, exchange: connect(user, to: vm, stays: nil))
            })
    }

    /// `fair`: somebody still has no desktop though others may.
    func unserved(_ probes: Confined<[Probe]>) -> Violation? {
        var first: Violation?
        for row in store.look({ $0.nodes() }) {
            if row.isBlocked { administer(.unblockNode(Int(row.id.rawValue))) }
            if row.isDraining { administer(.resume(Int(row.id.rawValue))) }
        }
        unblockUsers()
        for index in probes.value.indices {
            let probe = probes.value[index]
            // A command that was given before the faults ended may have taken effect only now.
            guard let row = store.look({ $0.vm(VMID(Int64(probe.vm))) }), !probe.hasSeen else { continue }
            if row.isBlocked { administer(.unblock(vm: probe.vm)) }
            if probe.exchange.seen.value != nil {
                probes.value[index].hasSeen = true
                continue
            }
            if let ending = probe.exchange.ending.value {
                // A user's patience: they read the message and try again.
                probes.value[index].tries += 1
                probes.value[index].exchange = connect(probe.user, to: probe.vm, stays: nil)
                simulation.note(
                    .user, subject: Int64(probe.vm), value: 3, words: "user\(probe.user) tries again after \(ending)")
            }
            first =
                first
                ?? Violation(
                    "fair", at: now, vm: VMID(Int64(probe.vm)),
                    "user\(probe.user) has no desktop after \(probe.tries) tries, though every fault has ended")
        }
        return first
    }

    func stopAll() {
        for row in store.look({ $0.vms() }) { administer(.stop(vm: Int(row.id.rawValue))) }
    }

    private func unblockUsers() {
        for user in store.look({ $0.users() }) where user.isBlocked { administer(.unblockUser(Int(user.id.rawValue))) }
    }

    func endProbes(_ probes: Confined<[Probe]>) {
        for probe in probes.value { probe.exchange.hangUp() }
    }
}

extension FarmNode {
    /// What is left here of VMs that are not assigned to this node.
    fileprivate func orphans(_ assigned: Set<VMID>) -> Violation? {
        let now = self.now
        return host.read { truth in
            func orphan(_ what: String, _ vm: VMID) -> Violation? {
                assigned.contains(vm)
                    ? nil : Violation("no-orphan", at: now, vm: vm, "\(what) of VM \(vm) is left, which nobody runs")
            }
            for tap in truth.network.taps.keys.sorted() {
                if let found = orphan("tap \(tap)", tap.vm) { return found }
                if truth.network.filters[tap] == nil {
                    return Violation("no-spoof", at: now, vm: tap.vm, "\(tap) has no rules at rest")
                }
            }
            for tap in truth.network.filters.keys.sorted() {
                if let found = orphan("the rules of \(tap)", tap.vm) { return found }
            }
            for vm in truth.secrets.keys.sorted() {
                if let found = orphan("the secret file", vm) { return found }
            }
            for domain in truth.sortedDomains {
                let vm = domain.specification.owner.vm
                if let found = orphan("the definition of \(domain.name)", vm) { return found }
            }
            return nil
        }
    }
}
