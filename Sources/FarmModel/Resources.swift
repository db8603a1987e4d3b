/// Memory and processors: what a VM needs, and what is taken of a node.
package struct Resources: Sendable, Hashable, Codable {
    package var memory: Mebibytes
    /// Virtual processors, 0 or more.
    package var cpus: Int

    package init(memory: Mebibytes, cpus: Int) {
        self.memory = memory
        self.cpus = cpus
    }

    package static let none = Resources(memory: Mebibytes(0), cpus: 0)

    package static func + (left: Self, right: Self) -> Self {
        Resources(memory: Mebibytes(left.memory.count + right.memory.count), cpus: left.cpus + right.cpus)
    }

    /// `right` is a part of `left`.
    package static func - (left: Self, right: Self) -> Self {
        Resources(memory: Mebibytes(left.memory.count - right.memory.count), cpus: left.cpus - right.cpus)
    }

    /// The larger of each.
    package func orMore(_ other: Resources) -> Resources {
        Resources(memory: max(memory, other.memory), cpus: max(cpus, other.cpus))
    }
}

/// How much of a node may be given to VMs: what an operator says, not what the machine has, so more processors than it
/// has can be given out, and memory can be kept for the node itself.
package struct NodeCapacity: Sendable, Hashable, Codable {
    /// Nil for no limit.
    package var memory: Mebibytes?
    /// Virtual processors; nil for no limit.
    package var cpus: Int?

    package init(memory: Mebibytes? = nil, cpus: Int? = nil) {
        self.memory = memory
        self.cpus = cpus
    }

    package static let unlimited = NodeCapacity()
}
