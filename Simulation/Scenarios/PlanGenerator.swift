import FarmModel
import SimulatedPorts
import Simulator

/// Draws a plan from a seed: a small farm, what its people do, and faults of some classes only (a swarm mask), for
/// a run in which everything goes wrong hides what a single fault would show.
package enum PlanGenerator {
    /// What is drawn. A profile draws the same plan from a seed for ever; what comes to be drawn later goes into the
    /// newest.
    package enum Profile: Int, Sendable, CaseIterable {
        /// One node; its calls, guests, images and processes go wrong.
        case first = 1
        /// The first one's plan, and one to three nodes, patient and impatient daemons, and everything else that can go
        /// wrong.
        case full
    }

    package static func plan(seed: UInt64, profile: Profile = .full) -> Plan {
        let plan = firstPlan(seed: seed)
        return profile == .first ? plan : FullProfile(plan).plan
    }

    private static func firstPlan(seed: UInt64) -> Plan {
        var dice = SplitMix64(seed: seed, stream: .workload, number: 1)
        var plan = Plan(name: "seed \(seed)", seed: seed)
        plan.farm.users = 1 + dice.below(3)
        plan.farm.vms = plan.farm.users + dice.below(3)
        plan.farm.userDisk = Mebibytes(dice.chance(perMille: 700) ? 64 : 0)
        plan.farm.keepsOverlay = dice.chance(perMille: 300)
        plan.farm.heavyMax = dice.pick([1, 2, 10])
        if dice.chance(perMille: 150) { plan.farm.nodeMemory = Mebibytes(plan.farm.memory.count * plan.farm.vms - 1) }
        plan.until = Int64(5 + dice.below(16)) * 60 * Plan.second
        plan.steps = administrators(&dice, plan)
        plan.steps = (plan.steps + users(&dice, plan)).enumerated()
            .sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        plan.faults = faults(&dice, plan)
        if dice.chance(perMille: 400) { dealReports(&dice, &plan) }
        return plan
    }

    /// A command about a VM whose reports fare badly at that time: every pair of the two is dealt out by the seed.
    private static func dealReports(_ dice: inout SplitMix64, _ plan: inout Plan) {
        let fates: [FailureMode] = [
            dice.pick([.rejected, .unreachable]), .late, dice.pick([.lostAnswer, .lostRequest]), .twice,
        ]
        let mode = fates[Int(plan.seed % 4)]
        let vm = 1 + dice.below(plan.farm.vms)
        let at = dice.within(0...plan.until / 1_000_000 - 1) * 1_000_000
        plan.faults.faults.append(
            Fault(
                at: at, lasts: dice.within(20...120) * Plan.second,
                aim: FaultAim(call: .storeReport, vm: VMID(Int64(vm))), .failing(.store, mode, perMille: 1000)))
        plan.faults.faults.sort { ($0.at, $0.text) < ($1.at, $1.text) }
        // It is started, and while that is written down the command comes.
        let command: AdministratorAction =
            [.stop(vm: vm), .start(vm: vm), .block(vm: vm), .delete(vm: vm)][Int(plan.seed / 4 % 4)]
        let soon = min(at + dice.within(1...40_000) * 1_000_000, plan.until - 1)
        plan.steps.append(Step(at: at, .administer(.start(vm: vm))))
        plan.steps.append(Step(at: soon, .administer(command)))
        plan.steps = plan.steps.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
            .map(\.element)
    }

    /// A moment of the safety phase, in milliseconds.
    private static func moment(_ dice: inout SplitMix64, _ plan: Plan) -> Int64 {
        dice.within(0...plan.until / 1_000_000 - 1) * 1_000_000
    }

    // MARK: People

    private static func administrators(_ dice: inout SplitMix64, _ plan: Plan) -> [Step] {
        (0..<dice.below(6)).map { _ in
            Step(at: moment(&dice, plan), .administer(administration(&dice, plan)))
        }
    }

    private static func users(_ dice: inout SplitMix64, _ plan: Plan) -> [Step] {
        var steps: [Step] = []
        let isStorm = dice.chance(perMille: 200)
        for user in 1...plan.farm.users {
            let own = (1...plan.farm.vms).filter { plan.farm.owner(ofVM: $0) == user }
            for _ in 0..<(2 + dice.below(6)) {
                let at = isStorm ? 30 * Plan.second : moment(&dice, plan)
                steps.append(Step(at: at, userAction(&dice, user, own, plan)))
            }
        }
        return steps
    }

    private static func userAction(
        _ dice: inout SplitMix64, _ user: Int, _ own: [Int], _ plan: Plan
    ) -> Step.Action {
        let vm = dice.pick(own)
        switch dice.below(20) {
        case 0: return .list(user: user)
        case 1: return .connectWithWrongPassword(user: user, vm: vm)
        // Somebody else's VM, when there is one.
        case 2: return .connect(user: user, vm: 1 + dice.below(plan.vmsMax), stays: nil)
        case 3, 4: return .vanish(user: user)
        case 5, 6: return .disconnect(user: user)
        case 7: return .stopVM(user: user, vm: dice.chance(perMille: 800) ? vm : 1 + dice.below(plan.farm.vms))
        default:
            let stays = dice.chance(perMille: 600) ? dice.within(1...400) * Plan.second : nil
            return .connect(user: user, vm: vm, stays: stays)
        }
    }

    private static func administration(_ dice: inout SplitMix64, _ plan: Plan) -> AdministratorAction {
        let vm = 1 + dice.below(plan.farm.vms)
        let user = 1 + dice.below(plan.farm.users)
        switch dice.below(14) {
        case 0: return .block(vm: vm)
        case 1: return .unblock(vm: vm)
        case 2: return .blockNode(1)
        case 3: return .unblockNode(1)
        case 4: return .addImage(file: "desktop-\(dice.below(3)).qcow2")
        case 5: return .tag(vm: vm, "head")
        case 6: return [.delete(vm: vm), .deleteWithDisk(vm: vm), .deleteDisk(vm: vm)][dice.below(3)]
        case 7, 8: return .stop(vm: vm)
        case 9: return .blockUser(user)
        case 10: return .unblockUser(user)
        case 11: return .addVM(name: "added\(dice.below(3))", user: user)
        default: return .start(vm: vm)
        }
    }

    // MARK: Faults

    /// What the first profile draws.
    private static let drawnModes: [FailureMode] = [.rejected, .unreachable, .lostAnswer, .lostRequest, .late, .twice]

    private enum FaultClass: CaseIterable {
        case slow, failing, hanging, events, storage, images, agents, domains, guests, hostility, network, kills
        case restarts, freezes
    }

    private static func faults(_ dice: inout SplitMix64, _ plan: Plan) -> FaultPlan {
        // A class is in with a chance of its own for each seed; some seeds have none at all.
        let density = dice.pick([0, 200, 400, 800])
        let classes = FaultClass.allCases.filter { _ in dice.chance(perMille: density) }
        guard !classes.isEmpty else { return FaultPlan() }
        let count = 1 + dice.below(dice.pick([3, 10, 30]))
        var faults = (0..<count).map { _ in fault(&dice, dice.pick(classes), plan) }
        if dice.chance(perMille: 400) { faults.append(dealtFailure(&dice, plan)) }
        return FaultPlan(faults.sorted { ($0.at, $0.text) < ($1.at, $1.text) })
    }

    /// A port and a way to fail dealt out by the seed, just when somebody connects: no pair is left to chance.
    private static func dealtFailure(_ dice: inout SplitMix64, _ plan: Plan) -> Fault {
        let port = PortName.allCases[Int(plan.seed % UInt64(PortName.allCases.count))]
        let modes = drawnModes
        let mode = modes[Int(plan.seed / UInt64(PortName.allCases.count) % UInt64(modes.count))]
        let connects = plan.steps.filter { if case .connect = $0.action { true } else { false } }
        let at = connects.isEmpty ? 0 : dice.pick(connects).at
        let lasts = dice.within(30...200) * Plan.second
        return Fault(at: at, lasts: lasts, .failing(port, mode, perMille: dice.pick([300, 1000])))
    }

    private static func fault(_ dice: inout SplitMix64, _ kind: FaultClass, _ plan: Plan) -> Fault {
        // Most faults come while somebody waits for something: at rest they meet little.
        let near = dice.chance(perMille: 600) ? dice.pick(plan.steps).at : nil
        let at = near.map { min($0 + dice.within(0...8000) * 1_000_000, plan.until) } ?? moment(&dice, plan)
        let vm = VMID(Int64(1 + dice.below(plan.farm.vms)))
        func seconds(_ range: ClosedRange<Int64>) -> Int64 { dice.within(range) * Plan.second }
        switch kind {
        case .slow:
            let port = dice.pick(PortName.allCases)
            return Fault(at: at, lasts: seconds(5...120), .slow(port, nanoseconds: seconds(1...40)))
        case .failing:
            let (port, mode) = (dice.pick(PortName.allCases), dice.pick(drawnModes))
            let perMille = dice.pick([20, 200, 1000, 1000])
            return Fault(at: at, lasts: seconds(5...180), .failing(port, mode, perMille: perMille))
        case .hanging:
            let port = dice.pick(PortName.allCases)
            return Fault(at: at, lasts: seconds(5...300), .hanging(port, vm: dice.chance(perMille: 500) ? vm : nil))
        case .events:
            let perMille = dice.pick([100, 500, 1000])
            return Fault(
                at: at, lasts: seconds(10...300),
                .events(dice.chance(perMille: 500) ? .lost : .doubled, perMille: perMille))
        case .images:
            let file = dice.pick(plan.imageFiles)
            return Fault(at: at, .ofImage(dice.chance(perMille: 500) ? .missing : .corrupt, file))
        case .storage: return Fault(at: at, lasts: seconds(5...180), .ofNode(.diskFull))
        case .agents: return Fault(at: at, lasts: seconds(5...500), .ofVM(.agentSilent, vm))
        case .domains: return Fault(at: at, .ofVM(dice.chance(perMille: 700) ? .domainDies : .guestPowersOff, vm))
        case .guests:
            let what: [VMFate] = [.guestHangs, .guestNeverBoots, .sessionEnds, .emulatorFreezes]
            return Fault(at: at, lasts: seconds(5...600), .ofVM(dice.pick(what), vm))
        case .hostility: return Fault(at: at, .ofVM(.guestTurnsHostile, vm))
        case .network:
            let what: [NodeFault] = [.ofVM(.filterFlushed, vm), .ofVM(.tapDeleted, vm), .ofNode(.dhcpDies)]
            return Fault(at: at, lasts: seconds(1...60), dice.pick(what))
        case .kills:
            let process = dice.pick([ProcessKind.houseKeeper, .houseKeeper, .router])
            let steps: Int? = dice.chance(perMille: 800) ? dice.below(dice.pick([20, 60, 200])) : nil
            let at = near ?? at
            return Fault(at: at, lasts: seconds(1...60), .kill(process, afterCalls: steps))
        case .restarts: return Fault(at: at, lasts: seconds(1...60), .terminate(dice.pick(ProcessKind.allCases)))
        case .freezes: return Fault(at: at, lasts: seconds(1...120), .freeze(dice.pick(ProcessKind.allCases)))
        }
    }
}
