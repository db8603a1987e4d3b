package import FarmModel

/// The farm's rows, whoever keeps them: the rows of every noun. The rules of the store's operations are written once,
/// against this protocol, and run on rows in memory (`FarmLedger`) and on rows in a database alike, inside one
/// transaction each.
///
/// Reads return what earlier writes of the same transaction left. Lists are sorted by id. `put` makes or replaces the
/// row of that id; `remove` is idempotent. A row store checks nothing: the rules look before they write, so that a
/// refused command has written nothing.
package protocol FarmRecords: FarmRows, TenantRows, UserRows, FlavourRows, ImageRows, NodeRows, VMRows, AssignmentRows,
    DiskDeletionRows, SessionRows, PropertyRows, AuditRows, ChangeRows, RequestRows, ListRows, RelatedRows
{}

/// How many audit records a store keeps at least, so that the trail cannot fill the disk: about 20 MB in a database.
package let auditRecordsHeld = 100_000

/// How many of the newest changes a store keeps at least. Whoever has read nothing for longer reads everything: at ten
/// changes a second they last for a quarter of an hour.
package let changesHeld: Int64 = 10_000

/// How many of the newest answers to requests a store keeps at least: a request that is sent again comes within
/// minutes.
package let answersHeld: Int64 = 10_000

/// What `qvd init` fixed for the farm's life, and the era it is in.
package struct FarmIdentity: Sendable, Hashable {
    package let farm: FarmID
    package let addressPlan: AddressPlan
    /// Of the assignments that are made now; see `Epoch`.
    package let era: Int64

    package init(farm: FarmID, addressPlan: AddressPlan, era: Int64 = 0) {
        self.farm = farm
        self.addressPlan = addressPlan
        self.era = era
    }
}

extension FarmNoun {
    /// The largest number that the names of taps can hold; nil when there is no limit.
    package var numberMax: Int64? {
        switch self {
        case .node: TapName.nodeMax
        case .vm: TapName.vmMax
        case .tenant, .user, .osf, .image: nil
        }
    }
}

/// Why an operation on the rows did not happen. Unless it was `refused`, whoever runs it rolls its transaction back.
package enum LedgerError: Error {
    /// A rule says no; nothing was written.
    case refused(AdministrationRefusal)
    /// The writer's epoch or session is not the newest any more.
    case stale(attempt: String, detail: String)
    case notFound(attempt: String, detail: String)
    /// The rows could not be read or written: the row store's own error, passed through.
    case rows(any Error)

    /// - Parameter message: without commands; what helps is in the remedies.
    static func refuse(
        _ reason: AdministrationRefusal.Reason, _ subject: AdministrationSubject, _ message: String,
        _ remedies: Remedy...
    ) -> LedgerError { .refused(AdministrationRefusal(reason, subject, message, remedies)) }

    static func refuse(
        _ reason: AdministrationRefusal.Reason, _ object: FarmObject, _ message: String, _ remedies: Remedy...
    ) -> LedgerError { .refused(AdministrationRefusal(reason, .object(object), message, remedies)) }
}
