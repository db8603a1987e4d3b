package import FarmModel

/// How a node reads what is wanted of it: whole at first and once in a while, and between only what changed since its
/// last reading. The whole reading is the guarantee: it puts right whatever a change did not tell.
package struct StoreReadings: Sendable, Hashable {
    /// Between two whole readings.
    package static let wholeEvery = Duration.seconds(60)

    private var last: Reading?
    private var wantsWhole = true

    package init() {}

    /// The moment of the reading since which the changes are to be read; nil when everything is to be read.
    ///
    /// - Parameter vms: which the node asks about.
    package func base(about vms: [VMID]) -> Revision? {
        guard let last, last.knows(vms), !wantsWhole else { return nil }
        return last.revision
    }

    /// The time has come to read everything: the next reading that succeeds is whole.
    package mutating func wantWhole() { wantsWhole = true }

    /// What a whole reading gave.
    package mutating func took(_ state: DesiredState) {
        wantsWhole = false
        last = Reading(
            revision: state.revision, asked: state.asked.sorted(), assigned: Set(state.assignments.map(\.vm.id)))
    }

    /// What a reading of the changes gave, asked about these VMs.
    package mutating func took(_ changes: DesiredStateChanges, about vms: [VMID]) {
        last?.add(changes, about: vms)
    }

    /// What is to be known of a reading to have the next from the changes.
    private struct Reading: Sendable, Hashable {
        private(set) var revision: Revision
        private var asked: [VMID]
        private var assigned: Set<VMID>

        init(revision: Revision, asked: [VMID], assigned: Set<VMID>) {
            self.revision = revision
            self.asked = asked
            self.assigned = assigned
        }

        /// Whether it said of each of these VMs where it is, or that it has no row.
        func knows(_ vms: [VMID]) -> Bool {
            guard vms != asked else { return true }
            let known = assigned.union(asked)
            return vms.allSatisfy(known.contains)
        }

        mutating func add(_ changes: DesiredStateChanges, about vms: [VMID]) {
            revision = changes.revision
            asked = vms
            assigned.subtract(changes.vms)
            for row in changes.rows where row.vm.intent.node == changes.node.id { assigned.insert(row.vm.id) }
        }
    }
}
