import FarmControl
import FarmModel
import SimulatedPorts
import Simulator

/// What the full profile adds to a plan of the first: its luck is drawn apart, so that the first one's plan stays what
/// it is.
struct FullProfile {
    private(set) var plan: Plan
    private var dice: SplitMix64

    init(_ plan: Plan) {
        self.plan = plan
        dice = SplitMix64(seed: plan.seed, stream: .workload, number: 2)
        if dice.chance(perMille: 500) { self.plan.farm.limits = .short }
        if dice.chance(perMille: 250) { spread(over: 2 + dice.below(2)) }
        limitCapacity()
        drain()
        fence()
        guard dice.chance(perMille: 700) else { return }
        for _ in 0..<(1 + dice.below(3)) { self.plan.faults.faults.append(fault()) }
        self.plan.faults.faults.sort { ($0.at, $0.text) < ($1.at, $1.text) }
    }

    private mutating func spread(over nodes: Int) {
        plan.farm.nodes = nodes
        for index in plan.faults.faults.indices {
            plan.faults.faults[index].node = NodeID(Int64(1 + dice.below(nodes)))
        }
        for index in plan.steps.indices {
            switch plan.steps[index].action {
            case .administer(.blockNode): plan.steps[index].action = .administer(.blockNode(1 + dice.below(nodes)))
            case .administer(.unblockNode): plan.steps[index].action = .administer(.unblockNode(1 + dice.below(nodes)))
            default: break
            }
        }
    }

    /// In some plans nodes have room for a few VMs only, or for less than one. Its luck is apart too: it came later.
    private mutating func limitCapacity() {
        var dice = SplitMix64(seed: plan.seed, stream: .workload, number: 3)
        guard dice.chance(perMille: 200) else { return }
        let need = Resources(memory: plan.farm.memory, cpus: 1 + dice.below(4))
        let count = dice.below(plan.farm.vms + 1)
        plan.farm.cpus = need.cpus
        if dice.chance(perMille: 700) {
            plan.farm.capacity.memory = Mebibytes(need.memory.count * count + 1 + dice.below(need.memory.count - 1))
        } else {
            plan.farm.capacity.cpus = max(1, need.cpus * count + dice.below(need.cpus))
        }
        if dice.chance(perMille: 300) { plan.farm.placement = .fill }
    }

    /// In some plans a node drains for a while, or until the end.
    private mutating func drain() {
        var dice = SplitMix64(seed: plan.seed, stream: .workload, number: 4)
        guard dice.chance(perMille: 150) else { return }
        let node = 1 + dice.below(plan.farm.nodes)
        let at = dice.pick(plan.steps).at
        plan.steps.append(Step(at: at, .administer(.drain(node))))
        if dice.chance(perMille: 500) {
            let end = min(at + dice.within(1...300) * Plan.second, plan.until)
            plan.steps.append(Step(at: end, .administer(.resume(node))))
        }
        plan.steps.sort { $0.at < $1.at }
    }

    /// In some plans a node is told to fence.
    private mutating func fence() {
        var dice = SplitMix64(seed: plan.seed, stream: .workload, number: 5)
        guard dice.chance(perMille: 100) else { return }
        let at = min(dice.pick(plan.steps).at + dice.within(0...8000) * 1_000_000, plan.until)
        let lasts = dice.within(1...60) * Plan.second
        plan.faults.faults.append(
            Fault(at: at, lasts: lasts, node: NodeID(Int64(1 + dice.below(plan.farm.nodes))), .fence))
        plan.faults.faults.sort { ($0.at, $0.text) < ($1.at, $1.text) }
    }

    private enum FaultClass: CaseIterable {
        case power, hypervisor, bridge, half, truncated, events, dhcp, pauses, clock, suspension
    }

    private mutating func fault() -> Fault {
        // While somebody waits for something: at rest a fault meets little.
        let at = min(dice.pick(plan.steps).at + dice.within(0...8000) * 1_000_000, plan.until)
        let node = NodeID(Int64(1 + dice.below(plan.farm.nodes)))
        switch dice.pick(FaultClass.allCases) {
        case .power: return Fault(at: at, lasts: seconds(5...120), node: node, .ofNode(.powerLoss))
        case .hypervisor: return Fault(at: at, lasts: seconds(1...60), node: node, .ofNode(.hypervisorRestarts))
        case .bridge: return Fault(at: at, lasts: seconds(1...200), node: node, .ofNode(.bridgeDown))
        case .dhcp: return Fault(at: at, node: node, .ofVM(.dhcpStale, vm()))
        // Longer than an agent may be silent is left to whoever resumes domains.
        case .pauses: return Fault(at: at, lasts: seconds(1...200), node: node, .ofVM(.domainPauses, vm()))
        case .clock:
            return Fault(
                at: at, lasts: seconds(10...600), node: node, .ofNode(dice.pick([.clockFast, .clockJumps])))
        case .suspension: return Fault(at: at, lasts: seconds(1...120), node: node, .ofNode(.nodeSuspends))
        case .half:
            let port = dice.pick([PortName.network, .filter])
            return Fault(
                at: at, lasts: seconds(5...100), node: node, .failing(port, .half, perMille: dice.pick([300, 1000])))
        case .truncated:
            return Fault(
                at: at, lasts: seconds(5...300), node: node,
                .failing(.agent, .truncated, perMille: dice.pick([100, 500, 1000])))
        case .events:
            let fate = dice.pick([EventFate.late, .noticesLost, .noticesLate])
            return Fault(
                at: at, lasts: seconds(10...300), node: node, .events(fate, perMille: dice.pick([300, 1000])))
        }
    }

    private mutating func vm() -> VMID { VMID(Int64(1 + dice.below(plan.farm.vms))) }

    private mutating func seconds(_ range: ClosedRange<Int64>) -> Int64 { dice.within(range) * Plan.second }
}
