package import FarmModel
package import Simulator

/// Every simulated port of one process incarnation on one node, except the store's.
///
/// When the incarnation is killed, all of them are dead: their calls throw `.cancelled` and change nothing.
package struct PortSet: Sendable {
    package let gate: PortGate
    package let hypervisor: SimulatedHypervisor
    package let network: SimulatedNetwork
    package let filter: SimulatedTapFilter
    package let addresses: SimulatedAddressService
    package let disks: SimulatedDiskStorage
    /// Those of the storages that the host mounts besides.
    package private(set) var moreDisks: [StorageID: SimulatedDiskStorage] = [:]
    package let secrets: SimulatedSecretFiles
    package let agent: SimulatedGuestAgent
    package let clock: SimulatedClock
    package let random: SimulatedRandomSource
    package let hasher: SimulatedPasswordHasher

    package init(host: SimulatedHost, incarnation: Incarnation) {
        let gate = PortGate(simulation: host.simulation, incarnation: incarnation, node: host.node)
        self.gate = gate
        hypervisor = SimulatedHypervisor(host: host, gate: gate)
        network = SimulatedNetwork(host: host, gate: gate)
        filter = SimulatedTapFilter(host: host, gate: gate)
        addresses = SimulatedAddressService(host: host, gate: gate)
        disks = SimulatedDiskStorage(host: host, gate: gate, id: .standard)
        for id in host.read({ $0.moreStorages.keys.sorted() }) {
            moreDisks[id] = SimulatedDiskStorage(host: host, gate: gate, id: id)
        }
        secrets = SimulatedSecretFiles(host: host, gate: gate)
        agent = SimulatedGuestAgent(host: host, gate: gate)
        clock = SimulatedClock(
            incarnation: incarnation, clock: host.clock,
            polls: SimulatedPolls(simulation: host.simulation, node: host.node, incarnation: incarnation))
        random = SimulatedRandomSource(seed: host.simulation.seed, incarnation: incarnation)
        hasher = SimulatedPasswordHasher(gate: gate, random: random)
    }
}
