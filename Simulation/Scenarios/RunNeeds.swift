import SimulatedPorts

/// How near runs came to the bounds they must keep, so that a bound can be set from what is needed and not guessed.
package struct RunNeeds: Sendable, Hashable {
    /// The most port calls in 10 s for each VM of the farm and each node but the first, by the plan's class.
    package private(set) var callsPerVM: [PlanClass: Int] = [:]
    /// The longest wait for each thing that was waited for, in nanoseconds, and the share of its bound, in 1,000.
    package private(set) var waits: [WaitClass: Wait] = [:]

    package struct Wait: Sendable, Hashable {
        package var longest: Int64
        package var perMilleOfBound: Int64
    }

    package init() {}

    /// - Parameter calls: the most in 10 s of a run of this plan.
    mutating func note(calls: Int, of plan: Plan) {
        let needed = (calls + plan.callers - 1) / plan.callers
        callsPerVM[PlanClass(plan)] = max(callsPerVM[PlanClass(plan)] ?? 0, needed)
    }

    mutating func note(wait: Int64, of bound: Int64, for what: WaitClass) {
        let known = waits[what] ?? Wait(longest: 0, perMilleOfBound: 0)
        waits[what] = Wait(
            longest: max(known.longest, wait), perMilleOfBound: max(known.perMilleOfBound, wait * 1000 / bound))
    }

    mutating func merge(_ other: RunNeeds) {
        callsPerVM.merge(other.callsPerVM, uniquingKeysWith: max)
        waits.merge(other.waits) {
            Wait(
                longest: max($0.longest, $1.longest), perMilleOfBound: max($0.perMilleOfBound, $1.perMilleOfBound))
        }
    }
}

/// What makes plans differ in how many calls they need.
package enum PlanClass: String, Sendable, Hashable, CaseIterable {
    /// Nothing goes wrong.
    case calm
    /// Calls or things of the node fail; the processes live.
    case faulty
    /// Processes are killed, told to end, or stopped for a while.
    case restarting

    package init(_ plan: Plan) {
        let killsProcesses = plan.faults.faults.contains { if case .process = $0.kind { true } else { false } }
        self = killsProcesses ? .restarting : plan.faults.faults.isEmpty ? .calm : .faulty
    }
}

extension Plan {
    /// What makes calls grow: the VMs, and the nodes but the first.
    var callers: Int { vmsMax + farm.nodes - 1 }
}

extension PlanClass {
    /// Port calls in 10 s for each VM, and each node but the first, that no farm needs: a busy loop. Three times the
    /// most that 10,000 seeds of either profile needed: `qvd-sim soak --from 3000000 --seeds 10000 --profile 1` prints
    /// it, and so does profile 2.
    package var callsPerVMMax: Int {
        switch self {
        case .calm: 3 * 93
        case .faulty: 3 * 126
        case .restarting: 3 * 258
        }
    }
}

/// What the liveness phase waits for; apart where something hangs.
package enum WaitClass: String, Sendable, Hashable, CaseIterable {
    case rest, answers, desktops, emptiness
    case restOfHung, answersOfHung, desktopsOfHung, emptinessOfHung

    var ofHung: WaitClass {
        switch self {
        case .rest, .restOfHung: .restOfHung
        case .answers, .answersOfHung: .answersOfHung
        case .desktops, .desktopsOfHung: .desktopsOfHung
        case .emptiness, .emptinessOfHung: .emptinessOfHung
        }
    }
}
