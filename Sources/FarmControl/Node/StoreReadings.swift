package import FarmModel

/// How a node reads what is wanted of it: whole at first and once in a while, and between only what changed since its
/// last reading. The whole reading is the guarantee: it puts right whatever a change did not tell.
package struct StoreReadings: Sendable, Hashable {
    /// Between two whole readings, at most.
    package static let wholeEvery = Duration.seconds(60)

    private var last: DesiredState?
    private var nextWhole = Instant.start

    package init() {}

    /// The reading that the changes since are applied to; nil when everything is to be read.
    ///
    /// - Parameter vms: which the node asks about.
    package mutating func base(about vms: [VMID], at now: Instant) -> DesiredState? {
        if let last, last.knows(vms), now < nextWhole { return last }
        nextWhole = now.advanced(by: Self.wholeEvery)
        return nil
    }

    /// What a reading gave, whole or by its changes.
    package mutating func keep(_ state: DesiredState) { last = state }
}
