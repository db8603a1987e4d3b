package import FarmModel

// The parts of `FarmRecords`, which says what holds for all of them.

/// The farm itself, the numbers it hands out, and its configuration.
package protocol FarmRows {
    func identity() throws(LedgerError) -> FarmIdentity
    /// The next number of a noun, from 1, never handed out again.
    mutating func nextNumber(of noun: FarmNoun) throws(LedgerError) -> Int64
    /// The highest number handed out, 0 at first.
    func lastNumber(of noun: FarmNoun) throws(LedgerError) -> Int64

    func configuration() throws(LedgerError) -> [String: String]
    func configuration(_ key: String) throws(LedgerError) -> String?
    /// Nil removes it.
    mutating func put(_ value: String?, forConfiguration key: String) throws(LedgerError)
}

package protocol TenantRows {
    func tenant(_ id: TenantID) throws(LedgerError) -> Tenant?
    func tenant(named name: String) throws(LedgerError) -> Tenant?
    func tenants() throws(LedgerError) -> [Tenant]
    mutating func put(_ tenant: Tenant) throws(LedgerError)
    mutating func remove(_ tenant: TenantID) throws(LedgerError)
}

package protocol UserRows {
    func user(_ id: UserID) throws(LedgerError) -> User?
    func user(login: String, in tenant: TenantID) throws(LedgerError) -> User?
    func users() throws(LedgerError) -> [User]
    mutating func put(_ user: User) throws(LedgerError)
    /// Takes the password hash with it.
    mutating func remove(_ user: UserID) throws(LedgerError)
    func passwordHash(of user: UserID) throws(LedgerError) -> String?
    /// The user's row exists.
    mutating func put(passwordHash: String, of user: UserID) throws(LedgerError)
}

package protocol FlavourRows {
    func osf(_ id: OSFID) throws(LedgerError) -> OSFlavour?
    func osfs() throws(LedgerError) -> [OSFlavour]
    /// Those of these that have a row.
    func osfs(_ ids: [OSFID]) throws(LedgerError) -> [OSFlavour]
    mutating func put(_ osf: OSFlavour) throws(LedgerError)
    mutating func remove(_ osf: OSFID) throws(LedgerError)
}

package protocol ImageRows {
    func image(_ id: ImageID) throws(LedgerError) -> DiskImage?
    func images() throws(LedgerError) -> [DiskImage]
    func images(of osf: OSFID) throws(LedgerError) -> [DiskImage]
    func images(ofAny osfs: [OSFID]) throws(LedgerError) -> [DiskImage]
    /// Tags are kept sorted.
    mutating func put(_ image: DiskImage) throws(LedgerError)
    mutating func remove(_ image: ImageID) throws(LedgerError)
}

/// Nodes, and the domains without a row that an operator gave up on each.
package protocol NodeRows {
    func node(_ id: NodeID) throws(LedgerError) -> Node?
    func nodes() throws(LedgerError) -> [Node]
    mutating func put(_ node: Node) throws(LedgerError)
    mutating func remove(_ node: NodeID) throws(LedgerError)

    func abandonedDomains(on node: NodeID) throws(LedgerError) -> [VMID]
    mutating func abandon(_ vm: VMID, on node: NodeID) throws(LedgerError)
    mutating func forgetAbandonedDomain(of vm: VMID, on node: NodeID) throws(LedgerError)
    mutating func forgetAbandonedDomains(on node: NodeID) throws(LedgerError)
}

/// VMs, each with its intent and observation.
package protocol VMRows {
    func vm(_ id: VMID) throws(LedgerError) -> VirtualMachine?
    func vms() throws(LedgerError) -> [VirtualMachine]
    func vms(of user: UserID) throws(LedgerError) -> [VirtualMachine]
    func vms(of osf: OSFID) throws(LedgerError) -> [VirtualMachine]
    /// Addresses of all VMs.
    func addressesTaken() throws(LedgerError) -> Set<IPv4Address>
    /// Makes the VM's row, with its intent and observation; of a row that exists, intent and observation stay as they
    /// are.
    mutating func put(_ vm: VirtualMachine) throws(LedgerError)
    /// Takes the secret and the session with it.
    mutating func remove(_ vm: VMID) throws(LedgerError)
}

/// Wishes that user disks be deleted.
package protocol DiskDeletionRows {
    func diskDeletion(of disk: UserDiskID) throws(LedgerError) -> DiskDeletion?
    func diskDeletions() throws(LedgerError) -> [DiskDeletion]
    /// Their disks, sorted.
    func disksToDelete() throws(LedgerError) -> [UserDiskID]
    mutating func put(_ deletion: DiskDeletion) throws(LedgerError)
    mutating func removeDiskDeletion(of disk: UserDiskID) throws(LedgerError)
}

/// Who runs which VM: intents, observations, and the secrets of the agents. Each is written apart; the VM's row exists.
package protocol AssignmentRows {
    func vms(assignedTo node: NodeID) throws(LedgerError) -> [VirtualMachine]
    /// Every node with what the VMs that are assigned to it take of it.
    func nodeLoads() throws(LedgerError) -> [NodeLoad]
    func assignmentRows(of node: NodeID) throws(LedgerError) -> [AssignmentRow]
    /// Of those of these VMs that have a row and are not assigned to the node, if one is given.
    func assignmentRows(of vms: [VMID], notOn node: NodeID?) throws(LedgerError) -> [AssignmentRow]
    mutating func put(_ intent: Intent, of vm: VMID) throws(LedgerError)
    mutating func put(_ observation: Observation, of vm: VMID) throws(LedgerError)
    func secret(of vm: VMID) throws(LedgerError) -> AgentSecret?
    /// Nil removes it.
    mutating func put(secret: AgentSecret?, of vm: VMID) throws(LedgerError)
}

/// A VM with what its node needs to know of it besides its OSF and images.
package struct AssignmentRow: Sendable, Hashable {
    package let vm: VirtualMachine
    /// The user's.
    package let login: String
    package let secret: AgentSecret?

    package init(vm: VirtualMachine, login: String, secret: AgentSecret?) {
        self.vm = vm
        self.login = login
        self.secret = secret
    }
}

package protocol SessionRows {
    func session(of vm: VMID) throws(LedgerError) -> Session?
    func sessions() throws(LedgerError) -> [Session]
    func sessions(of router: String) throws(LedgerError) -> [Session]
    /// Sessions of this router whose VM another client wants, or that are still being connected.
    func wantedOrConnectingSessions(of router: String) throws(LedgerError) -> [Session]
    mutating func put(_ session: Session) throws(LedgerError)
    mutating func removeSession(of vm: VMID) throws(LedgerError)
}

package protocol PropertyRows {
    func properties(of owner: PropertyOwner) throws(LedgerError) -> Properties
    func properties() throws(LedgerError) -> [PropertyOwner: Properties]
    /// Nil removes it.
    mutating func put(_ value: String?, forProperty key: String, of owner: PropertyOwner) throws(LedgerError)
    mutating func removeProperties(of owner: PropertyOwner) throws(LedgerError)
}

package protocol AuditRows {
    /// Newest first.
    func audit(limit: Int) throws(LedgerError) -> [AuditRecord]
    /// Keeps at least the newest `auditRecordsHeld`.
    mutating func append(_ record: AuditRecord) throws(LedgerError)
}

/// The newest changes of the farm, for those who read only what changed. Only `changesHeld` are sure to be there.
package protocol ChangeRows {
    /// Of the newest change.
    func revision() throws(LedgerError) -> Revision
    /// Tells of the changes that this transaction makes, under the next number.
    mutating func tell(_ changes: Set<FarmChange>) throws(LedgerError)
    /// Each once, however often it changed.
    func changes(afterNumber number: Int64) throws(LedgerError) -> Set<FarmChange>
    /// Those that concern the node, the farm, or one of these VMs.
    func changes(
        afterNumber number: Int64, of node: NodeID, about vms: [VMID]
    ) throws(LedgerError) -> Set<FarmChange>
}

/// Objects by name, and lists of them in pages.
package protocol ListRows {
    /// The numbers of the first of those with this name: a tenant, OSF, node or VM by name, a user by login, an image
    /// by file; with a tenant, of what belongs to it.
    func numbers(
        of noun: FarmNoun, named name: String, in tenant: TenantID?, limit: Int
    ) throws(LedgerError) -> [Int64]
    func tenants(_ filter: TenantFilter, _ page: ListPage) throws(LedgerError) -> [Tenant]
    func users(_ filter: UserFilter, _ page: ListPage) throws(LedgerError) -> [User]
    func osfs(_ filter: OSFFilter, _ page: ListPage) throws(LedgerError) -> [OSFlavour]
    func images(_ filter: ImageFilter, _ page: ListPage) throws(LedgerError) -> [DiskImage]
    func nodes(_ filter: NodeFilter, _ page: ListPage) throws(LedgerError) -> [Node]
    func vms(_ filter: VMFilter, _ page: ListPage) throws(LedgerError) -> [VirtualMachine]
}

/// What a list says of the objects that its own refer to: of all in one reading, in any order.
package protocol RelatedRows {
    func tenants(_ ids: [TenantID]) throws(LedgerError) -> [Tenant]
    func users(_ ids: [UserID]) throws(LedgerError) -> [User]
    func images(_ ids: [ImageID]) throws(LedgerError) -> [DiskImage]
    func nodes(_ ids: [NodeID]) throws(LedgerError) -> [Node]
    func sessions(of vms: [VMID]) throws(LedgerError) -> [Session]
    /// How many each of these has; those with none are left out.
    func counts(_ relation: CountedRelation, of numbers: [Int64]) throws(LedgerError) -> [Int64: Int]
    func counts() throws(LedgerError) -> FarmCounts
}

/// What is counted for each object of a list.
package enum CountedRelation: Sendable, Hashable, CaseIterable {
    case usersOfTenant, osfsOfTenant, vmsOfUser, sessionsOfUser, imagesOfOSF, vmsOfOSF
    /// VMs that are not stopped.
    case vmsOnImage
}

/// The answers to requests that had a name, so that a request which is sent again gets the answer of the first time.
/// Only the newest `answersHeld` are sure to be there.
package protocol RequestRows {
    func answer(to request: RequestID, of actor: String) throws(LedgerError) -> StoredAnswer?
    /// There is none yet.
    mutating func put(_ answer: StoredAnswer, to request: RequestID, of actor: String) throws(LedgerError)
}
