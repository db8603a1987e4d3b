package import FarmModel

/// What a node was last told by the store about one VM.
package enum RowWord: Sendable, Hashable {
    /// The store was not asked about it, or has answered nothing that still counts.
    case unknown
    /// Its row assigns it to this node.
    indirect case assigned(Assignment)
    /// Its row assigns it to another node, or to none.
    indirect case elsewhere(Assignment)
    /// It has no row.
    case none

    /// The row, when there is one.
    package var row: Assignment? {
        switch self {
        case .assigned(let row), .elsewhere(let row): row
        case .unknown, .none: nil
        }
    }

    /// The row's assignment to this node.
    package var assignment: Assignment? { if case .assigned(let row) = self { row } else { nil } }
}

/// Whose a live domain on a node is. The store's row says so; that a VM is missing from some list says nothing.
package enum Ownership: Sendable, Hashable {
    /// The store has not been heard about this VM: leave it and ask.
    case unknown
    /// The assignment that it was started for stands, and the VM is to run.
    case mine
    /// The row knows of this domain's assignment, and that it is over or to end.
    case notMine(Ending)
    /// There is no row, or only one that is older than the domain, as after the restore of a backup. Such a domain is
    /// kept and reported: a store that has forgotten must not end desktops.
    case rowGone

    package enum Ending: Sendable, Hashable {
        /// The VM is or may be started elsewhere, or anew here: end it at once.
        case now
        /// Ask the guest first.
        case politely
    }

    /// - Parameter epoch: the assignment for which the domain was started.
    package init(of epoch: Epoch, by word: RowWord) {
        switch word {
        case .unknown: self = .unknown
        case .none: self = .rowGone
        case .assigned(let row), .elsewhere(let row):
            let intent = row.vm.intent
            if intent.epoch < epoch {
                self = .rowGone
            } else if intent.epoch > epoch {
                self = .notMine(.now)
            } else if case .assigned = word {
                self = intent.wanted == .run ? .mine : .notMine(.politely)
            } else {
                // An epoch belongs to one node, so a row of this very epoch elsewhere is a mistake to be ended.
                self = intent.node == nil ? .notMine(.politely) : .notMine(.now)
            }
        }
    }
}
