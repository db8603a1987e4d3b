import FarmModel
import SimulatedPorts

/// `one-domain` and `one-address`: over all nodes, which share one network, a VM has one live domain at most, and no
/// two of them have one MAC or address.
final class DomainChecker {
    fileprivate struct Live {
        var node: NodeID
        var mac: MACAddress
        var address: IPv4Address?
    }

    private let world: World
    private var live: [VMID: Live] = [:]
    private var macs: [MACAddress: VMID] = [:]
    private var addresses: [IPv4Address: VMID] = [:]

    init(_ world: World) { self.world = world }

    /// The live domains of these VMs may be others than at the last look; each VM has its usual domain alone.
    func check(_ vms: [VMID]) -> Violation? {
        for vm in vms {
            forget(vm)
            for node in world.nodes {
                let name = world.domainName(of: vm)
                guard let found = node.host.read({ $0.domains[name].flatMap { Live($0, on: node.id) } })
                else { continue }
                if let violation = note(vm, found) { return violation }
            }
        }
        return nil
    }

    /// Any domain may be another than at the last look.
    func checkAll() -> Violation? {
        live = [:]
        macs = [:]
        addresses = [:]
        for node in world.nodes {
            let found = node.host.read { truth in
                truth.domains.values.compactMap { domain in
                    domain.running.map { (vm: $0.owner.vm, live: Live(domain, on: node.id)) }
                }
            }
            for (vm, live) in found {
                guard let live else { continue }
                if let violation = note(vm, live) { return violation }
            }
        }
        return nil
    }

    private func forget(_ vm: VMID) {
        guard let old = live.removeValue(forKey: vm) else { return }
        if macs[old.mac] == vm { macs[old.mac] = nil }
        if let address = old.address, addresses[address] == vm { addresses[address] = nil }
    }

    private func note(_ vm: VMID, _ found: Live) -> Violation? {
        if let other = live.updateValue(found, forKey: vm) {
            return Violation(
                "one-domain", at: world.now, vm: vm,
                other.node == found.node
                    ? "VM \(vm) has two live domains"
                    : "VM \(vm) has live domains on nodes \(other.node) and \(found.node)")
        }
        if let other = macs.updateValue(vm, forKey: found.mac) {
            return Violation(
                "one-address", at: world.now, vm: vm, "VMs \(other) and \(vm) are both live with MAC \(found.mac)")
        }
        if let address = found.address, let other = addresses.updateValue(vm, forKey: address) {
            return Violation(
                "one-address", at: world.now, vm: vm, "VMs \(other) and \(vm) both hold the address \(address)")
        }
        return nil
    }
}

extension DomainChecker.Live {
    /// Nil when the domain is off.
    fileprivate init?(_ domain: SimulatedDomain, on node: NodeID) {
        guard let running = domain.running else { return nil }
        self.node = node
        mac = running.networkPort.mac
        address = domain.guest.address
    }
}

extension World {
    /// The name of a VM's usual domain.
    func domainName(of vm: VMID) -> DomainName { DomainName(farm: Self.farmID, vm: vm) }
}
