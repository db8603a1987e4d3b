import FarmModel
import FarmRules

/// Passes every call on to other rows and counts it and the rows that it returns.
struct CountedRecords<Base: FarmRecords>: FarmRecords {
    private(set) var base: Base
    private let count: CostCount

    init(_ base: Base, _ count: CostCount) {
        self.base = base
        self.count = count
    }

    private func one<Row>(_ row: Row?) -> Row? {
        count.cost.calls += 1
        count.cost.rows += row == nil ? 0 : 1
        return row
    }

    private func list<Rows: Collection>(_ rows: Rows) -> Rows {
        count.cost.calls += 1
        count.cost.rows += rows.count
        return rows
    }

    private func passed<Value>(_ value: Value) -> Value {
        count.cost.calls += 1
        return value
    }
}

extension CountedRecords {
    func identity() throws(LedgerError) -> FarmIdentity { try passed(base.identity()) }
    mutating func nextNumber(of noun: FarmNoun) throws(LedgerError) -> Int64 { try passed(base.nextNumber(of: noun)) }
    func lastNumber(of noun: FarmNoun) throws(LedgerError) -> Int64 { try passed(base.lastNumber(of: noun)) }
    func configuration() throws(LedgerError) -> [String: String] { try list(base.configuration()) }
    func configuration(_ key: String) throws(LedgerError) -> String? { try passed(base.configuration(key)) }
    mutating func put(_ value: String?, forConfiguration key: String) throws(LedgerError) {
        try passed(base.put(value, forConfiguration: key))
    }
}

extension CountedRecords {
    func diskDeletion(of disk: UserDiskID) throws(LedgerError) -> DiskDeletion? {
        try one(base.diskDeletion(of: disk))
    }
    func diskDeletions() throws(LedgerError) -> [DiskDeletion] { try list(base.diskDeletions()) }
    func disksToDelete() throws(LedgerError) -> [UserDiskID] { try list(base.disksToDelete()) }
    mutating func put(_ deletion: DiskDeletion) throws(LedgerError) { try passed(base.put(deletion)) }
    mutating func removeDiskDeletion(of disk: UserDiskID) throws(LedgerError) {
        try passed(base.removeDiskDeletion(of: disk))
    }
}

extension CountedRecords {
    func tenant(_ id: TenantID) throws(LedgerError) -> Tenant? { try one(base.tenant(id)) }
    func tenant(named name: String) throws(LedgerError) -> Tenant? { try one(base.tenant(named: name)) }
    func tenants() throws(LedgerError) -> [Tenant] { try list(base.tenants()) }
    mutating func put(_ tenant: Tenant) throws(LedgerError) { try passed(base.put(tenant)) }
    mutating func remove(_ tenant: TenantID) throws(LedgerError) { try passed(base.remove(tenant)) }
}

extension CountedRecords {
    func user(_ id: UserID) throws(LedgerError) -> User? { try one(base.user(id)) }
    func user(login: String, in tenant: TenantID) throws(LedgerError) -> User? {
        try one(base.user(login: login, in: tenant))
    }
    func users() throws(LedgerError) -> [User] { try list(base.users()) }
    mutating func put(_ user: User) throws(LedgerError) { try passed(base.put(user)) }
    mutating func remove(_ user: UserID) throws(LedgerError) { try passed(base.remove(user)) }
    func passwordHash(of user: UserID) throws(LedgerError) -> String? { try one(base.passwordHash(of: user)) }
    mutating func put(passwordHash: String, of user: UserID) throws(LedgerError) {
        try passed(base.put(passwordHash: passwordHash, of: user))
    }
}

extension CountedRecords {
    func osf(_ id: OSFID) throws(LedgerError) -> OSFlavour? { try one(base.osf(id)) }
    func osfs() throws(LedgerError) -> [OSFlavour] { try list(base.osfs()) }
    func osfs(_ ids: [OSFID]) throws(LedgerError) -> [OSFlavour] { try list(base.osfs(ids)) }
    mutating func put(_ osf: OSFlavour) throws(LedgerError) { try passed(base.put(osf)) }
    mutating func remove(_ osf: OSFID) throws(LedgerError) { try passed(base.remove(osf)) }
}

extension CountedRecords {
    func image(_ id: ImageID) throws(LedgerError) -> DiskImage? { try one(base.image(id)) }
    func images() throws(LedgerError) -> [DiskImage] { try list(base.images()) }
    func images(of osf: OSFID) throws(LedgerError) -> [DiskImage] { try list(base.images(of: osf)) }
    func images(ofAny osfs: [OSFID]) throws(LedgerError) -> [DiskImage] { try list(base.images(ofAny: osfs)) }
    mutating func put(_ image: DiskImage) throws(LedgerError) { try passed(base.put(image)) }
    mutating func remove(_ image: ImageID) throws(LedgerError) { try passed(base.remove(image)) }
}

extension CountedRecords {
    func node(_ id: NodeID) throws(LedgerError) -> Node? { try one(base.node(id)) }
    func nodes() throws(LedgerError) -> [Node] { try list(base.nodes()) }
    mutating func put(_ node: Node) throws(LedgerError) { try passed(base.put(node)) }
    mutating func remove(_ node: NodeID) throws(LedgerError) { try passed(base.remove(node)) }
    func abandonedDomains(on node: NodeID) throws(LedgerError) -> [VMID] { try list(base.abandonedDomains(on: node)) }
    mutating func abandon(_ vm: VMID, on node: NodeID) throws(LedgerError) { try passed(base.abandon(vm, on: node)) }
    mutating func forgetAbandonedDomain(of vm: VMID, on node: NodeID) throws(LedgerError) {
        try passed(base.forgetAbandonedDomain(of: vm, on: node))
    }
    mutating func forgetAbandonedDomains(on node: NodeID) throws(LedgerError) {
        try passed(base.forgetAbandonedDomains(on: node))
    }
}

extension CountedRecords {
    func vm(_ id: VMID) throws(LedgerError) -> VirtualMachine? { try one(base.vm(id)) }
    func vms() throws(LedgerError) -> [VirtualMachine] { try list(base.vms()) }
    func vms(of user: UserID) throws(LedgerError) -> [VirtualMachine] { try list(base.vms(of: user)) }
    func vms(of osf: OSFID) throws(LedgerError) -> [VirtualMachine] { try list(base.vms(of: osf)) }
    func addressesTaken() throws(LedgerError) -> Set<IPv4Address> { try list(base.addressesTaken()) }
    mutating func put(_ vm: VirtualMachine) throws(LedgerError) { try passed(base.put(vm)) }
    mutating func remove(_ vm: VMID) throws(LedgerError) { try passed(base.remove(vm)) }
}

extension CountedRecords {
    func vms(assignedTo node: NodeID) throws(LedgerError) -> [VirtualMachine] { try list(base.vms(assignedTo: node)) }
    func nodeLoads() throws(LedgerError) -> [NodeLoad] { try list(base.nodeLoads()) }
    func assignmentRows(of node: NodeID) throws(LedgerError) -> [AssignmentRow] {
        try list(base.assignmentRows(of: node))
    }
    func assignmentRows(of vms: [VMID], notOn node: NodeID?) throws(LedgerError) -> [AssignmentRow] {
        try list(base.assignmentRows(of: vms, notOn: node))
    }
    mutating func put(_ intent: Intent, of vm: VMID) throws(LedgerError) { try passed(base.put(intent, of: vm)) }
    mutating func put(_ observation: Observation, of vm: VMID) throws(LedgerError) {
        try passed(base.put(observation, of: vm))
    }
    func secret(of vm: VMID) throws(LedgerError) -> AgentSecret? { try one(base.secret(of: vm)) }
    mutating func put(secret: AgentSecret?, of vm: VMID) throws(LedgerError) {
        try passed(base.put(secret: secret, of: vm))
    }
}

extension CountedRecords {
    func session(of vm: VMID) throws(LedgerError) -> Session? { try one(base.session(of: vm)) }
    func sessions() throws(LedgerError) -> [Session] { try list(base.sessions()) }
    func sessions(of router: String) throws(LedgerError) -> [Session] { try list(base.sessions(of: router)) }
    func wantedOrConnectingSessions(of router: String) throws(LedgerError) -> [Session] {
        try list(base.wantedOrConnectingSessions(of: router))
    }
    mutating func put(_ session: Session) throws(LedgerError) { try passed(base.put(session)) }
    mutating func removeSession(of vm: VMID) throws(LedgerError) { try passed(base.removeSession(of: vm)) }
}

extension CountedRecords {
    func properties(of owner: PropertyOwner) throws(LedgerError) -> Properties { try list(base.properties(of: owner)) }
    func properties() throws(LedgerError) -> [PropertyOwner: Properties] { try list(base.properties()) }
    mutating func put(_ value: String?, forProperty key: String, of owner: PropertyOwner) throws(LedgerError) {
        try passed(base.put(value, forProperty: key, of: owner))
    }
    mutating func removeProperties(of owner: PropertyOwner) throws(LedgerError) {
        try passed(base.removeProperties(of: owner))
    }
}

extension CountedRecords {
    func revision() throws(LedgerError) -> Revision { try passed(base.revision()) }
    mutating func tell(_ changes: Set<FarmChange>) throws(LedgerError) { try passed(base.tell(changes)) }
    func changes(afterNumber number: Int64) throws(LedgerError) -> Set<FarmChange> {
        try list(base.changes(afterNumber: number))
    }
    func changes(afterNumber number: Int64, of node: NodeID, about vms: [VMID]) throws(LedgerError) -> Set<FarmChange> {
        try list(base.changes(afterNumber: number, of: node, about: vms))
    }
}

extension CountedRecords {
    func answer(to request: RequestID, of actor: String) throws(LedgerError) -> StoredAnswer? {
        try one(base.answer(to: request, of: actor))
    }
    mutating func put(_ answer: StoredAnswer, to request: RequestID, of actor: String) throws(LedgerError) {
        try passed(base.put(answer, to: request, of: actor))
    }
}

extension CountedRecords {
    func numbers(
        of noun: FarmNoun, named name: String, in tenant: TenantID?, limit: Int
    ) throws(LedgerError) -> [Int64] { try list(base.numbers(of: noun, named: name, in: tenant, limit: limit)) }
    func tenants(_ filter: TenantFilter, _ page: ListPage) throws(LedgerError) -> [Tenant] {
        try list(base.tenants(filter, page))
    }
    func users(_ filter: UserFilter, _ page: ListPage) throws(LedgerError) -> [User] {
        try list(base.users(filter, page))
    }
    func osfs(_ filter: OSFFilter, _ page: ListPage) throws(LedgerError) -> [OSFlavour] {
        try list(base.osfs(filter, page))
    }
    func images(_ filter: ImageFilter, _ page: ListPage) throws(LedgerError) -> [DiskImage] {
        try list(base.images(filter, page))
    }
    func nodes(_ filter: NodeFilter, _ page: ListPage) throws(LedgerError) -> [Node] {
        try list(base.nodes(filter, page))
    }
    func vms(_ filter: VMFilter, _ page: ListPage) throws(LedgerError) -> [VirtualMachine] {
        try list(base.vms(filter, page))
    }
}

extension CountedRecords {
    func tenants(_ ids: [TenantID]) throws(LedgerError) -> [Tenant] { try list(base.tenants(ids)) }
    func users(_ ids: [UserID]) throws(LedgerError) -> [User] { try list(base.users(ids)) }
    func images(_ ids: [ImageID]) throws(LedgerError) -> [DiskImage] { try list(base.images(ids)) }
    func nodes(_ ids: [NodeID]) throws(LedgerError) -> [Node] { try list(base.nodes(ids)) }
    func sessions(of vms: [VMID]) throws(LedgerError) -> [Session] { try list(base.sessions(of: vms)) }
    func counts(_ relation: CountedRelation, of numbers: [Int64]) throws(LedgerError) -> [Int64: Int] {
        try list(base.counts(relation, of: numbers))
    }
    func counts() throws(LedgerError) -> FarmCounts { try passed(base.counts()) }
}

extension CountedRecords {
    func audit(limit: Int) throws(LedgerError) -> [AuditRecord] { try list(base.audit(limit: limit)) }
    mutating func append(_ record: AuditRecord) throws(LedgerError) { try passed(base.append(record)) }
}
