import FarmModel
import SimulatedPorts
import Simulator

/// What is given to the live VMs of a node fits into what it has to give.
final class RoomChecker {
    private let world: World
    private let capacity: NodeCapacity
    /// Where a step changes a capacity, the number of it at a moment is not known here.
    private let isNeeded: Bool

    init(_ world: World) {
        self.world = world
        capacity = world.plan.farm.capacity
        isNeeded = capacity != .unlimited && !world.plan.changesCapacity
    }

    /// After each event that changed a domain. Once the farm is healed, its operator takes the limits away.
    func check() -> Violation? {
        guard isNeeded, !world.state.value.isHealed else { return nil }
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
}
