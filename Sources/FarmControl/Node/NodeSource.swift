package import FarmModel

/// What a node is looked at through. Each is an outside system of its own and answers apart, so that one that hangs
/// blinds no other.
package enum NodeSource: Int, Sendable, Hashable, CaseIterable {
    case hypervisor, network, filter, secrets, disks

    /// For people: `the disks cannot be looked at`.
    package var words: String {
        switch self {
        case .hypervisor: "hypervisor"
        case .network: "taps"
        case .filter: "filter rules"
        case .secrets: "agent secrets"
        case .disks: "disks"
        }
    }
}

/// What one look at a source has found: all of it, whosever it is.
package enum SourceInventory: Sendable, Hashable {
    case domains([ObservedDomain])
    case taps([ObservedTap])
    case filters([ObservedFilter])
    /// The VMs that have a secret on the node.
    case secrets([VMID])
    /// The VMs that have an overlay on the node's storage.
    case overlays([VMID])

    package var source: NodeSource {
        switch self {
        case .domains: .hypervisor
        case .taps: .network
        case .filters: .filter
        case .secrets: .secrets
        case .overlays: .disks
        }
    }
}
