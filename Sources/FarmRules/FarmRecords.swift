package import FarmModel

/// The farm's rows, whoever keeps them. The rules of the store's operations are written once, against this protocol,
/// and run on rows in memory (`FarmLedger`) and on rows in a database alike, inside one transaction each.
///
/// Reads return what earlier writes of the same transaction left. Lists are sorted by id. `put` makes or replaces the
/// row of that id; `remove` is idempotent. A row store checks nothing: the rules look before they write, so that a
/// refused command has written nothing.
package protocol FarmRecords {
    func identity() throws(LedgerError) -> FarmIdentity
    /// The next number of a noun, from 1, never handed out again.
    mutating func nextNumber(of noun: FarmNoun) throws(LedgerError) -> Int64
    /// The highest number handed out, 0 at first.
    func lastNumber(of noun: FarmNoun) throws(LedgerError) -> Int64

    func tenant(_ id: TenantID) throws(LedgerError) -> Tenant?
    func tenant(named name: String) throws(LedgerError) -> Tenant?
    func tenants() throws(LedgerError) -> [Tenant]
    mutating func put(_ tenant: Tenant) throws(LedgerError)
    mutating func remove(_ tenant: TenantID) throws(LedgerError)

    func user(_ id: UserID) throws(LedgerError) -> User?
    func user(login: String, in tenant: TenantID) throws(LedgerError) -> User?
    func users() throws(LedgerError) -> [User]
    mutating func put(_ user: User) throws(LedgerError)
    /// Takes the password hash with it.
    mutating func remove(_ user: UserID) throws(LedgerError)
    func passwordHash(of user: UserID) throws(LedgerError) -> String?
    /// The user's row exists.
    mutating func keep(passwordHash: String, of user: UserID) throws(LedgerError)

    func osf(_ id: OSFID) throws(LedgerError) -> OSFlavour?
    func osfs() throws(LedgerError) -> [OSFlavour]
    mutating func put(_ osf: OSFlavour) throws(LedgerError)
    mutating func remove(_ osf: OSFID) throws(LedgerError)

    func image(_ id: ImageID) throws(LedgerError) -> DiskImage?
    func images() throws(LedgerError) -> [DiskImage]
    func images(of osf: OSFID) throws(LedgerError) -> [DiskImage]
    /// Tags are kept sorted.
    mutating func put(_ image: DiskImage) throws(LedgerError)
    mutating func remove(_ image: ImageID) throws(LedgerError)

    func node(_ id: NodeID) throws(LedgerError) -> Node?
    func nodes() throws(LedgerError) -> [Node]
    mutating func put(_ node: Node) throws(LedgerError)
    mutating func remove(_ node: NodeID) throws(LedgerError)

    func vm(_ id: VMID) throws(LedgerError) -> VirtualMachine?
    func vms() throws(LedgerError) -> [VirtualMachine]
    func vms(of user: UserID) throws(LedgerError) -> [VirtualMachine]
    func vms(of osf: OSFID) throws(LedgerError) -> [VirtualMachine]
    /// Those of these VMs that have a row.
    func vms(_ ids: [VMID]) throws(LedgerError) -> [VirtualMachine]
    func vms(assignedTo node: NodeID) throws(LedgerError) -> [VirtualMachine]
    /// Addresses of all VMs.
    func addressesTaken() throws(LedgerError) -> Set<IPv4Address>
    /// Makes the VM's row, with its intent and observation; of a row that exists, intent and observation stay as they
    /// are.
    mutating func put(_ vm: VirtualMachine) throws(LedgerError)
    /// The VM's row exists.
    mutating func put(_ intent: Intent, of vm: VMID) throws(LedgerError)
    /// The VM's row exists.
    mutating func put(_ observation: Observation, of vm: VMID) throws(LedgerError)
    /// Takes the secret and the session with it.
    mutating func remove(_ vm: VMID) throws(LedgerError)
    func secret(of vm: VMID) throws(LedgerError) -> AgentSecret?
    mutating func keep(secret: AgentSecret?, of vm: VMID) throws(LedgerError)

    func session(of vm: VMID) throws(LedgerError) -> Session?
    func sessions() throws(LedgerError) -> [Session]
    mutating func put(_ session: Session) throws(LedgerError)
    mutating func removeSession(of vm: VMID) throws(LedgerError)

    func properties(of owner: PropertyOwner) throws(LedgerError) -> Properties
    func properties() throws(LedgerError) -> [PropertyOwner: Properties]
    /// Nil removes it.
    mutating func put(_ value: String?, forProperty key: String, of owner: PropertyOwner) throws(LedgerError)
    mutating func removeProperties(of owner: PropertyOwner) throws(LedgerError)

    func configuration() throws(LedgerError) -> [String: String]
    /// Nil removes it.
    mutating func put(_ value: String?, forConfiguration key: String) throws(LedgerError)

    func abandonedDomains(on node: NodeID) throws(LedgerError) -> [VMID]
    mutating func abandon(_ vm: VMID, on node: NodeID) throws(LedgerError)
    mutating func forgetAbandonedDomain(of vm: VMID, on node: NodeID) throws(LedgerError)
    mutating func forgetAbandonedDomains(on node: NodeID) throws(LedgerError)

    /// Newest first.
    func audit(limit: Int) throws(LedgerError) -> [AuditRecord]
    /// Keeps at least the newest `auditRecordsKept`.
    mutating func append(_ record: AuditRecord) throws(LedgerError)
}

/// How many audit records a store keeps at least, so that the trail cannot fill the disk: about 20 MB in a database.
package let auditRecordsKept = 100_000

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

/// What has numbers of its own.
package enum FarmNoun: String, Sendable, Hashable, CaseIterable {
    case tenant, user, osf, image, node, vm

    /// The largest number that the names of taps can hold; nil when there is no limit.
    package var numberMax: Int64? {
        switch self {
        case .node: TapName.nodeMax
        case .vm: TapName.vmMax
        default: nil
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

    static func refuse(_ reason: AdministrationRefusal.Reason, _ message: String) -> LedgerError {
        .refused(AdministrationRefusal(reason, message))
    }
}
