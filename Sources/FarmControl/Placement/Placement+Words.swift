import FarmModel

extension Placement {
    /// Why no node can take the VM, and what to do: without a full stop.
    package var whyNowhere: String {
        guard !obstacles.isEmpty else { return "the farm has no node; add one with `qvd node add`" }
        // A farm may have hundreds of nodes: the first few tell enough.
        var reasons = obstacles.prefix(5).map { "\($0.node.name) \($0.reason.words)" }
        if obstacles.count > reasons.count { reasons.append("\(obstacles.count - reasons.count) more cannot either") }
        return "\(reasons.joined(separator: ", ")); \(remedies.joined(separator: ", or "))"
    }

    /// What to do, by what stands in the way.
    private var remedies: [String] {
        let reasons = obstacles.map(\.reason)
        var remedies: [String] = []
        if reasons.contains(where: \.isOfState) { remedies.append("start qvd-node there") }
        if reasons.contains(.blocked) { remedies.append("unblock a node with `qvd node unblock`") }
        if reasons.contains(where: \.isOfRoom) {
            remedies.append("stop VMs, or raise what a node may give with `qvd node set`")
        }
        return remedies
    }
}

extension NodeObstacle.Reason {
    /// After the node's name.
    package var words: String {
        switch self {
        case .blocked: "is blocked"
        case .notRunning(let state): "is \(state.rawValue)"
        case .tooLittleMemory(let left, let needed):
            "has \(max(left.count, 0)) MiB left of the \(needed) that it needs"
        case .tooFewCPUs(let left, let needed):
            "has \(max(left, 0)) CPUs left of the \(needed) that it needs"
        }
    }

    fileprivate var isOfState: Bool { if case .notRunning = self { true } else { false } }

    fileprivate var isOfRoom: Bool {
        switch self {
        case .tooLittleMemory, .tooFewCPUs: true
        case .blocked, .notRunning: false
        }
    }
}
