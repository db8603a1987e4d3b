/// What a node does for its farm.
///
///     joining ──► serving ◄──► draining
///        │           │            │      told to fence
///        └───────────┴────────────┴────► fencing ──► fenced
///
/// It never goes back from fencing: whoever serves on the node next joins anew.
package enum NodeMode: Sendable, Hashable, CaseIterable {
    /// It learns what is wanted of it and what is on it, and changes nothing yet.
    case joining
    /// It starts, watches and stops the VMs that are assigned to it.
    case serving
    /// It does all that for the VMs that it has; the store assigns it no others.
    case draining
    /// It ends every domain that it has, whatever is wanted of the VM and whatever is being done about it.
    case fencing
    /// No domain of the farm lives on it, and nothing is on the way that could make one.
    case fenced

    /// Rows and domains meet in it.
    package var converges: Bool { self == .serving || self == .draining }
}
