package import FarmModel
import FarmPorts
import Simulator

/// The faults in force at this moment, and the dice of each: every fault draws from a stream of its own, so that
/// leaving one out of the plan does not change the luck of the others.
package struct FaultBoard: Sendable {
    /// What a call has to go through.
    package struct Decision: Sendable {
        package var extraLatency: Int64 = 0
        package var failure: FailureMode?
        /// No answer before this moment.
        package var hangsUntil: Int64?
    }

    private struct Active: Sendable {
        var index: Int
        var fault: Fault
        var dice: SplitMix64
        /// How many calls it still meets; nil for any number.
        var left: Int?

        /// Whether the call is one that the fault is aimed at.
        mutating func meets(_ operation: PortOperation, vm: Int64) -> Bool {
            guard fault.aim.meets(operation, vm: vm) else { return false }
            guard let left else { return true }
            self.left = max(0, left - 1)
            return left > 0
        }
    }

    private let seed: UInt64
    private var active: [Active] = []

    package init(seed: UInt64) { self.seed = seed }

    package var isEmpty: Bool { active.isEmpty }

    package mutating func begin(_ fault: Fault, index: Int) {
        active.append(
            Active(
                index: index, fault: fault, dice: SplitMix64(seed: seed, stream: .faults, number: UInt64(index)),
                left: fault.aim.first))
    }

    package mutating func end(index: Int) { active.removeAll { $0.index == index } }
    package mutating func endAll() { active.removeAll() }

    package mutating func decide(_ operation: PortOperation, vm: Int64, node: NodeID, now: Int64) -> Decision {
        var decision = Decision()
        guard !active.isEmpty else { return decision }
        let port = operation.port
        if port == .hypervisor, isHypervisorAway(on: node) { decision.failure = .unreachable }
        for position in active.indices where active[position].fault.node == node {
            let fault = active[position].fault
            switch fault.kind {
            case .call(.slow(port, let nanoseconds)) where active[position].meets(operation, vm: vm):
                decision.extraLatency += active[position].dice.within(0...nanoseconds)
            case .call(.failing(port, let mode, let perMille))
            where active[position].meets(operation, vm: vm) && active[position].dice.chance(perMille: perMille):
                decision.failure = decision.failure ?? mode
            case .call(.hanging(port, let only))
            where (only == nil || only?.rawValue == vm) && active[position].meets(operation, vm: vm):
                let until = fault.lasts == 0 ? Int64.max : fault.at + fault.lasts
                decision.hangsUntil = max(decision.hangsUntil ?? 0, until)
            default: break
            }
        }
        return decision
    }

    /// Whether a fault in force could hold this call up or make it fail so often that trying again does not help.
    ///
    /// - Parameter vm: what the call is about; nil when it is about the whole node.
    package func mayMeet(_ operation: PortOperation, vm: VMID?, node: NodeID) -> Bool {
        active.contains { entry in
            let fault = entry.fault
            if fault.kind == .node(.ofNode(.hypervisorRestarts)), fault.node == node {
                return operation.port == .hypervisor
            }
            guard fault.node == node, entry.left != 0, fault.aim.meets(operation, vm: vm?.rawValue ?? 0) else {
                return false
            }
            switch fault.kind {
            case .call(.slow(operation.port, let most)): return most > Self.slownessBorne
            case .call(.failing(operation.port, _, let perMille)): return perMille > Self.retriesHelpUpTo
            case .call(.hanging(operation.port, let only)): return only == nil || only == vm
            default: return false
            }
        }
    }

    /// A call that fails this often, in 1,000, and is tried again each second gets through within a minute: five calls
    /// in a row that must all work do so in one of three tries.
    private static let retriesHelpUpTo = 200
    /// So much more for each of five calls in a row, in nanoseconds, is no hindrance for a minute.
    private static let slownessBorne: Int64 = 5_000_000_000

    /// Whether the hypervisor's daemon of the node is away.
    func isHypervisorAway(on node: NodeID) -> Bool {
        active.contains { $0.fault.node == node && $0.fault.kind == .node(.ofNode(.hypervisorRestarts)) }
    }

    /// What becomes of a notice of the store on its way to a process of the node: nil when it is lost, otherwise how
    /// much later it comes, in nanoseconds.
    mutating func noticeDelay(node: NodeID) -> Int64? {
        for position in active.indices where active[position].fault.node == node {
            switch active[position].fault.kind {
            case .call(.events(.noticesLost, let perMille)) where active[position].dice.chance(perMille: perMille):
                return nil
            case .call(.events(.noticesLate, let perMille)) where active[position].dice.chance(perMille: perMille):
                return active[position].dice.within(0...Self.lateBy)
            default: break
            }
        }
        return 0
    }

    /// How much later a hypervisor event comes, in nanoseconds.
    mutating func eventDelay(node: NodeID) -> Int64 {
        for position in active.indices where active[position].fault.node == node {
            if case .call(.events(.late, let perMille)) = active[position].fault.kind,
                active[position].dice.chance(perMille: perMille)
            {
                return active[position].dice.within(0...Self.lateBy)
            }
        }
        return 0
    }

    private static let lateBy: Int64 = 30_000_000_000

    /// How many times a hypervisor event arrives: 0, 1 or 2.
    mutating func deliveries(node: NodeID) -> Int {
        guard !isHypervisorAway(on: node) else { return 0 }
        var count = 1
        for position in active.indices where active[position].fault.node == node {
            switch active[position].fault.kind {
            case .call(.events(.lost, let perMille)) where active[position].dice.chance(perMille: perMille): count = 0
            case .call(.events(.doubled, let perMille)) where active[position].dice.chance(perMille: perMille):
                count *= 2
            default: break
            }
        }
        return min(count, 2)
    }

    /// Whether a fault is on what a poll of the node asks.
    func isOnPolls(of subject: PollSubject, node: NodeID) -> Bool {
        active.contains { entry in
            guard entry.fault.node == node else { return false }
            switch entry.fault.kind {
            // Whoever waits for a desktop is woken by a notice, and only without one by a poll.
            case .call(.events(let fate, _)): return subject == .desktop && fate.isOfNotices
            case .call(let call): return call.port.map { subject.ports.contains($0) } ?? false
            case .node(.ofNode(.hypervisorRestarts)): return subject == .node
            case .node, .process: return false
            }
        }
    }

    /// The nodes have one storage.
    var isDiskFull: Bool { active.contains { $0.fault.kind == .node(.ofNode(.diskFull)) } }

    func isAgentSilent(_ vm: VMID) -> Bool {
        active.contains { $0.fault.kind == .node(.ofVM(.agentSilent, vm)) }
    }
}

extension PollSubject {
    /// What is asked in the course of the poll.
    fileprivate var ports: [PortName] {
        switch self {
        case .sessions, .desktop: [.store]
        case .assignments: [.store, .addresses]
        case .node: [.hypervisor, .network, .filter, .secrets, .disks]
        }
    }
}
