package import FarmModel

/// Where a VM that is to start goes, and why not elsewhere.
package struct Placement: Sendable, Hashable {
    /// Nil when no node can take it.
    package let node: NodeID?
    /// Of each node that cannot take it, sorted by node.
    package let obstacles: [NodeObstacle]

    /// Among the nodes that can take it, `spread` takes the one with the smallest share of its capacity given out after
    /// the start (the scarcer of memory and processors counts), `fill` the one with the largest. Where one of them has
    /// no limit, shares say nothing, and the number of VMs counts. Among equals the one with fewer VMs (`fill`: more),
    /// then the lowest number.
    ///
    /// - Parameter nodes: every node of the farm, sorted by number.
    package init(of need: Resources, among nodes: [NodeLoad], by policy: PlacementPolicy = .spread) {
        var obstacles: [NodeObstacle] = []
        var candidates: [Candidate] = []
        for load in nodes {
            if let reason = NodeObstacle.Reason(of: load, for: need) {
                obstacles.append(NodeObstacle(node: load.node, reason: reason))
            } else {
                candidates.append(Candidate(load, need))
            }
        }
        let areShares = candidates.allSatisfy { $0.share != nil }
        node = candidates.min { $0.precedes($1, by: policy, comparingShares: areShares) }?.node
        self.obstacles = obstacles
    }
}

/// How nodes are chosen among those that can take a VM.
package enum PlacementPolicy: String, Sendable, Hashable, CaseIterable {
    /// All nodes alike.
    case spread
    /// One node after the other, so that others stay empty.
    case fill

    /// Of the farm; without it nodes are taken alike.
    package static let configurationKey = "placement.policy"

    package init(configuration: [String: String]) {
        self = configuration[Self.configurationKey].flatMap(Self.init) ?? .spread
    }
}

/// Why a node cannot take a VM.
package struct NodeObstacle: Sendable, Hashable {
    package enum Reason: Sendable, Hashable {
        case blocked
        case draining
        case notRunning(NodeState)
        /// How much may still be given out, of which the VM needs more; less than nothing when the capacity was
        /// lowered.
        case tooLittleMemory(left: Mebibytes, needed: Mebibytes)
        case tooFewCPUs(left: Int, needed: Int)
    }

    package let node: Node
    package let reason: Reason

    package init(node: Node, reason: Reason) {
        self.node = node
        self.reason = reason
    }
}

extension NodeObstacle.Reason {
    /// Nil when the node can take a VM that needs so much.
    package init?(of load: NodeLoad, for need: Resources) {
        let capacity = load.node.capacity
        let memoryLeft = capacity.memory.map { Mebibytes($0.count - load.reserved.memory.count) }
        let cpusLeft = capacity.cpus.map { $0 - load.reserved.cpus }
        if load.node.isBlocked {
            self = .blocked
        } else if load.node.isDraining {
            self = .draining
        } else if load.node.state != .running {
            self = .notRunning(load.node.state)
        } else if let memoryLeft, memoryLeft < need.memory {
            self = .tooLittleMemory(left: memoryLeft, needed: need.memory)
        } else if let cpusLeft, cpusLeft < need.cpus {
            self = .tooFewCPUs(left: cpusLeft, needed: need.cpus)
        } else {
            return nil
        }
    }
}

/// A node that can take the VM.
private struct Candidate {
    let node: NodeID
    let vms: Int
    /// The part of its capacity that is given out once it has taken the VM; nil when nothing of it is limited.
    let share: Share?

    init(_ load: NodeLoad, _ need: Resources) {
        node = load.node.id
        vms = load.vms
        let taken = load.reserved + need
        let memory = load.node.capacity.memory.map { Share(taken.memory.count, of: $0.count) }
        let cpus = load.node.capacity.cpus.map { Share(taken.cpus, of: $0) }
        share = [memory, cpus].compactMap { $0 }.max()
    }

    func precedes(_ other: Candidate, by policy: PlacementPolicy, comparingShares: Bool) -> Bool {
        let (first, second) = policy == .spread ? (self, other) : (other, self)
        if comparingShares, let share = first.share, let otherShare = second.share, share != otherShare {
            return share < otherShare
        }
        if vms != other.vms { return first.vms < second.vms }
        return node < other.node
    }
}

/// A part of something, compared exactly.
private struct Share: Comparable {
    let part: Int
    /// 1 or more.
    let whole: Int

    init(_ part: Int, of whole: Int) {
        self.part = part
        self.whole = whole
    }

    /// Both are at most 2^32 (`FarmRecords.checkCapacity` in FarmRules), so that the products fit.
    static func < (left: Self, right: Self) -> Bool { left.part * right.whole < right.part * left.whole }
    static func == (left: Self, right: Self) -> Bool { left.part * right.whole == right.part * left.whole }
}
