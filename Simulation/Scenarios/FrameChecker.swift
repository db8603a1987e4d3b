import FarmModel
import SimulatedPorts

/// `no-spoof`: no frame with a foreign source passes a tap, none could, and none teaches the bridge a foreign MAC.
final class FrameChecker {
    private let world: World

    init(_ world: World) { self.world = world }

    /// The taps, rules and domains of these VMs may be others than at the last look.
    func check(_ vms: [VMID]) -> Violation? {
        for node in world.nodes {
            if let found = node.passedFrame() { return found }
            for vm in vms {
                if let found = node.openTap(TapName(farm: World.farmID, node: node.id, vm: vm)) { return found }
                if let found = node.openDomain(world.domainName(of: vm)) { return found }
            }
        }
        return nil
    }

    /// Anything may be another than at the last look.
    func checkAll() -> Violation? {
        for node in world.nodes {
            if let found = node.passedFrame() { return found }
            let (taps, domains) = node.host.read { ($0.network.taps.keys.sorted(), $0.domains.keys.sorted()) }
            for tap in taps { if let found = node.openTap(tap) { return found } }
            for domain in domains { if let found = node.openDomain(domain) { return found } }
        }
        return nil
    }
}

extension FarmNode {
    /// The first frame that passed though it should not.
    fileprivate func passedFrame() -> Violation? {
        host.read { $0.network.foreignFrames.first }.map {
            Violation("no-spoof", at: now, "a frame passed that its guest has no right to send: \($0)")
        }
    }

    /// The bridge believes a MAC behind the tap that is not its domain's.
    fileprivate func openTap(_ tap: TapName) -> Violation? {
        let foreign: MACAddress? = host.read { truth in
            guard let holder = truth.network.taps[tap]?.holder, let running = truth.domains[holder]?.running,
                running.networkPort.tap == tap
            else { return nil }
            return truth.network.macs(behind: tap).first { $0 != running.networkPort.mac }
        }
        return foreign.map {
            Violation("no-spoof", at: now, vm: tap.vm, "the bridge believes the foreign MAC \($0) behind \(tap)")
        }
    }

    /// The tap of a live domain is on the bridge and has no rules.
    fileprivate func openDomain(_ domain: DomainName) -> Violation? {
        let open: TapName? = host.read { truth in
            guard let tap = truth.domains[domain]?.running?.networkPort.tap,
                truth.network.taps[tap]?.isOnBridge == true, truth.network.filters[tap] == nil,
                !truth.network.flushed.contains(tap)
            else { return nil }
            return tap
        }
        return open.map { Violation("no-spoof", at: now, vm: $0.vm, "\($0) is live on the bridge without rules") }
    }
}
