/// A physical host that runs VMs.
package struct Node: Sendable, Hashable, Codable {
    package let id: NodeID
    package var name: String
    /// Its own address on the VM network, below the VM range.
    package var address: IPv4Address
    package var isBlocked: Bool
    /// It takes no VM that does not run there yet; what runs goes on, and its users come in.
    package var isDraining: Bool
    package var capacity: NodeCapacity
    package var state: NodeState
    package var stateSince: WallTime

    package init(
        id: NodeID, name: String, address: IPv4Address, isBlocked: Bool = false, isDraining: Bool = false,
        capacity: NodeCapacity = .unlimited, state: NodeState = .stopped, stateSince: WallTime = WallTime(seconds: 0)
    ) {
        self.id = id
        self.name = name
        self.address = address
        self.isBlocked = isBlocked
        self.isDraining = isDraining
        self.capacity = capacity
        self.state = state
        self.stateSince = stateSince
    }
}

package enum NodeState: String, Sendable, Hashable, Codable, CaseIterable {
    case stopped, starting, running, stopping
}
