import FarmModel
import FarmRules
import SimulatedPorts
import Simulator

/// `true-row`: a row that says running has a domain on its node.
///
/// A domain may end at any moment; then its HKD has a time to notice and to say so. Only what can keep it from either
/// stops that clock.
final class RowChecker {
    private let world: World
    /// At which revision of the store, and after how many changes of domains, every row was true.
    private var seen: (revision: Int64, domains: Int) = (-1, -1)
    /// The VMs whose domain lived on the node that their row names, when it was last looked at...
    private var here: [VMID: NodeID] = [:]
    /// ...and those whose domain may have changed since; nil for all.
    private var moved: Set<VMID>? = nil
    /// Since when a row says running though nothing runs.
    private var untrueSince: [VMID: Int64] = [:]

    /// How long a row may say running after its domain ended while nothing hinders its HKD: one look (10 s), the
    /// retries of the report, and room for slow calls.
    static let grace = 60 * Plan.second

    init(_ world: World) { self.world = world }

    /// The domains of these VMs changed.
    ///
    /// - Parameter vms: nil for nobody knows which.
    func domainsMoved(_ vms: [VMID]?) {
        if let vms { moved?.formUnion(vms) } else { moved = nil }
    }

    /// Once a second.
    func check() -> Violation? {
        let now = world.now
        let present = (world.store.revision, world.simulation.domainChanges)
        guard !untrueSince.isEmpty || seen != present else { return nil }
        seen = present
        let running = world.store.look { ledger in
            let rows = ledger.vms()
            return rows.indices.filter { rows[$0].observation.state == .running }
                .map { (vm: rows[$0].id, node: rows[$0].intent.node) }
        }
        for node in world.nodes { node.noteAdoptions(running.lazy.map(\.vm)) }
        var untrue: [VMID: Int64] = [:]
        for (vm, node) in running {
            let isHere = isHere(vm, on: node)
            // What hinders its HKD stops the clock: it starts anew when HKD is free again.
            if !isHere { untrue[vm] = isHindered(vm, on: node) ? now : untrueSince[vm] ?? now }
        }
        untrueSince = untrue
        moved = []
        let late = untrue.filter { now - $0.value > Self.grace }.keys.min()
        return late.map {
            Violation(
                "true-row", at: now, vm: $0,
                "VM \($0) is written down as running, but no domain of it has lived for"
                    + " \(Self.grace / Plan.second) s")
        }
    }

    /// Whether a domain of the VM lives on the node; the node is asked only if that may have changed.
    private func isHere(_ vm: VMID, on node: NodeID?) -> Bool {
        guard let node else { return false }
        if let moved, !moved.contains(vm), here[vm] == node { return true }
        let isHere = world.node(node).isLive(vm)
        here[vm] = isHere ? node : nil
        return isHere
    }

    /// Whether anything keeps HKD from noticing that this VM's domain has ended, or from writing it down.
    private func isHindered(_ vm: VMID, on node: NodeID?) -> Bool {
        guard let node else { return false }
        guard let life = world.node(node).life(.houseKeeper), life.isAlive, !life.executor.isFrozen else { return true }
        return world.simulation.withFaults { board in
            Self.wayToTheRow.contains { board.mayMeet($0, vm: nil, node: node) }
                || Self.wordsAboutTheVM.contains { board.mayMeet($0, vm: vm, node: node) }
        }
    }

    /// The calls without which HKD does not learn that a domain has ended, whatever it hears; a new HKD asks the store
    /// and the bridge first.
    private static let wayToTheRow: [PortOperation] = [.observeDomains, .observeBridge, .storeRead, .storeWrite]
    /// The calls about the VM itself that stand between the end of its domain and its row.
    private static let wordsAboutTheVM: [PortOperation] = [.storeReport]
}
