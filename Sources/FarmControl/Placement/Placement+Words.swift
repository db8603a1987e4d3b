package import FarmModel

extension Placement {
    /// Why no node can take the VM: without a full stop, and without what to do.
    package var reasons: String {
        guard !obstacles.isEmpty else { return "the farm has none" }
        // A farm may have hundreds of nodes: the first few tell enough.
        var reasons = obstacles.prefix(Self.namedMax).map { "\($0.node.name) \($0.reason.words)" }
        if obstacles.count > reasons.count { reasons.append("\(obstacles.count - reasons.count) more cannot either") }
        return reasons.joined(separator: ", ")
    }

    /// What to do about the nodes that are named, each once.
    package var remedies: [Remedy] {
        guard !obstacles.isEmpty else { return [.addNode] }
        var remedies: [Remedy] = []
        for obstacle in obstacles.prefix(Self.namedMax) {
            let remedy = obstacle.reason.remedy(of: obstacle.node)
            if !remedies.contains(remedy) { remedies.append(remedy) }
        }
        return remedies
    }

    private static let namedMax = 5
}

extension NodeObstacle.Reason {
    /// After the node's name.
    package var words: String {
        switch self {
        case .blocked: "is blocked"
        case .draining: "is draining"
        case .notRunning(let state): "is \(state.rawValue)"
        case .tooLittleMemory(let left, let needed):
            "has \(max(left.count, 0)) MiB left of the \(needed) that it needs"
        case .tooFewCPUs(let left, let needed): "has \(max(left, 0)) CPUs left of the \(needed) that it needs"
        }
    }

    package func remedy(of node: Node) -> Remedy {
        switch self {
        case .blocked: .unblock(.node(node.id))
        case .draining: .resume(node.id)
        case .notRunning: .startNode(node.id)
        case .tooLittleMemory, .tooFewCPUs: .makeRoom
        }
    }
}
