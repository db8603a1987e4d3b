/// A node with what is taken of it.
package struct NodeLoad: Sendable, Hashable {
    package var node: Node
    /// How many VMs are assigned to it.
    package var vms: Int
    /// What these take.
    package var reserved: Resources

    package init(node: Node, vms: Int, reserved: Resources) {
        self.node = node
        self.vms = vms
        self.reserved = reserved
    }
}
