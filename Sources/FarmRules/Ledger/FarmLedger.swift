package import FarmModel

/// A whole farm in memory: its rows, and what a snapshot leaves out (password hashes, secrets, audit). A value: a copy
/// is a farm of its own. The rules that change it are extensions of `FarmRecords`.
package struct FarmLedger: FarmRecords, Sendable {
    let farmIdentity: FarmIdentity
    var numbers: [FarmNoun: Int64] = [:]
    var tenantRows = Rows<TenantID, Tenant>()
    var userRows = Rows<UserID, User>()
    /// By the login's bytes, as a database compares: Swift holds composed and decomposed letters for equal.
    var userNumbers: [TenantID: [[UInt8]: UserID]] = [:]
    var hashes: [UserID: String] = [:]
    var osfRows = Rows<OSFID, OSFlavour>()
    var imageRows = Rows<ImageID, DiskImage>()
    var nodeRows = Rows<NodeID, Node>()
    var vmTable = VMTable()
    var secrets: [VMID: AgentSecret] = [:]
    var sessionRows = Rows<VMID, Session>()
    var propertyRows: [PropertyOwner: Properties] = [:]
    var configurationRows: [String: String] = [:]
    var abandoned: [NodeID: Set<VMID>] = [:]
    var deletionRows = Rows<UserDiskID, DiskDeletion>()
    var auditRows: [AuditRecord] = []
    var changeLog = ChangeLog()
    var answers: [RequestKey: StoredAnswer] = [:]
    /// The keys of `answers`, the oldest first.
    var answeredRequests: [RequestKey] = []
    /// Grows with every write: tells whether an operation changed anything.
    package private(set) var writes: Int64 = 0

    /// A new farm with nothing but the tenant `default`, number 1.
    package init(farm: FarmID, addressPlan: AddressPlan) {
        farmIdentity = FarmIdentity(farm: farm, addressPlan: addressPlan)
        numbers[.tenant] = Tenant.standard.id.rawValue
        tenantRows.put(.standard, at: Tenant.standard.id)
    }

    /// For every method that writes.
    mutating func countWrite() { writes += 1 }
}

extension Tenant {
    /// The tenant of those who name none; it always exists.
    package static let standard = Tenant(id: TenantID(1), name: "default")
}
