package import FarmModel

/// A rule that did not hold in a run.
package struct Violation: Sendable, Hashable, CustomStringConvertible {
    /// The invariant's name from the design, or `expectation`, `simulator`.
    package var invariant: String
    /// Nanoseconds of virtual time.
    package var at: Int64
    package var vm: VMID?
    package var words: String

    package init(_ invariant: String, at: Int64, vm: VMID? = nil, _ words: String) {
        self.invariant = invariant
        self.at = at
        self.vm = vm
        self.words = words
    }

    package var description: String { "\(invariant) at \(Instant(nanoseconds: at)) s: \(words)" }
}
