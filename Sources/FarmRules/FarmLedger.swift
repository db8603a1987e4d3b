package import FarmModel

/// A whole farm in memory: its rows, and what a snapshot leaves out (password hashes, secrets, audit). A value: a copy
/// is a farm of its own. The rules that change it are extensions of `FarmRecords`.
package struct FarmLedger: Sendable {
    private let farmIdentity: FarmIdentity
    private var numbers: [FarmNoun: Int64] = [:]
    private var tenantRows = Rows<TenantID, Tenant>()
    private var userRows = Rows<UserID, User>()
    /// By the login's bytes, as a database compares: Swift holds composed and decomposed letters for equal.
    private var userNumbers: [TenantID: [[UInt8]: UserID]] = [:]
    private var hashes: [UserID: String] = [:]
    private var osfRows = Rows<OSFID, OSFlavour>()
    private var imageRows = Rows<ImageID, DiskImage>()
    private var nodeRows = Rows<NodeID, Node>()
    private var vmRows = Rows<VMID, VirtualMachine>()
    private var addresses: Set<IPv4Address> = []
    private var secrets: [VMID: AgentSecret] = [:]
    private var sessionRows = Rows<VMID, Session>()
    private var propertyRows: [PropertyOwner: Properties] = [:]
    private var configurationRows: [String: String] = [:]
    private var abandoned: [NodeID: Set<VMID>] = [:]
    private var auditRows: [AuditRecord] = []
    /// Grows with every write: tells whether an operation changed anything.
    package private(set) var revision: Int64 = 0

    /// A new farm with nothing but the tenant `default`, number 1.
    package init(farm: FarmID, addressPlan: AddressPlan) {
        farmIdentity = FarmIdentity(farm: farm, addressPlan: addressPlan)
        numbers[.tenant] = Tenant.standard.id.rawValue
        tenantRows.put(.standard, at: Tenant.standard.id)
    }
}

extension Tenant {
    /// The tenant of those who name none; it always exists.
    package static let standard = Tenant(id: TenantID(1), name: "default")
}

extension FarmLedger: FarmRecords {
    package func identity() -> FarmIdentity { farmIdentity }

    package mutating func nextNumber(of noun: FarmNoun) -> Int64 {
        numbers[noun, default: 0] += 1
        return numbers[noun]!
    }

    package func lastNumber(of noun: FarmNoun) -> Int64 { numbers[noun] ?? 0 }

    package func tenant(_ id: TenantID) -> Tenant? { tenantRows[id] }
    package func tenant(named name: String) -> Tenant? {
        tenantRows.all.first { $0.name.utf8.elementsEqual(name.utf8) }
    }
    package func tenants() -> [Tenant] { tenantRows.all }

    package mutating func put(_ tenant: Tenant) {
        revision += 1
        tenantRows.put(tenant, at: tenant.id)
    }

    package mutating func remove(_ tenant: TenantID) {
        revision += 1
        tenantRows.remove(tenant)
        userNumbers[tenant] = nil
    }

    package func user(_ id: UserID) -> User? { userRows[id] }

    package func user(login: String, in tenant: TenantID) -> User? {
        userNumbers[tenant]?[Array(login.utf8)].flatMap { userRows[$0] }
    }

    package func users() -> [User] { userRows.all }

    package mutating func put(_ user: User) {
        revision += 1
        if let old = userRows[user.id] { userNumbers[old.tenant]?[Array(old.login.utf8)] = nil }
        userNumbers[user.tenant, default: [:]][Array(user.login.utf8)] = user.id
        userRows.put(user, at: user.id)
    }

    package mutating func remove(_ user: UserID) {
        revision += 1
        if let old = userRows[user] { userNumbers[old.tenant]?[Array(old.login.utf8)] = nil }
        userRows.remove(user)
        hashes[user] = nil
    }

    package func passwordHash(of user: UserID) -> String? { hashes[user] }

    package mutating func keep(passwordHash: String, of user: UserID) {
        revision += 1
        hashes[user] = passwordHash
    }

    package func osf(_ id: OSFID) -> OSFlavour? { osfRows[id] }
    package func osfs() -> [OSFlavour] { osfRows.all }

    package mutating func put(_ osf: OSFlavour) {
        revision += 1
        osfRows.put(osf, at: osf.id)
    }

    package mutating func remove(_ osf: OSFID) {
        revision += 1
        osfRows.remove(osf)
    }

    package func image(_ id: ImageID) -> DiskImage? { imageRows[id] }
    package func images() -> [DiskImage] { imageRows.all }
    package func images(of osf: OSFID) -> [DiskImage] { imageRows.all.filter { $0.osf == osf } }

    package mutating func put(_ image: DiskImage) {
        revision += 1
        var image = image
        image.tags.sort()
        imageRows.put(image, at: image.id)
    }

    package mutating func remove(_ image: ImageID) {
        revision += 1
        imageRows.remove(image)
    }

    package func node(_ id: NodeID) -> Node? { nodeRows[id] }
    package func nodes() -> [Node] { nodeRows.all }

    package mutating func put(_ node: Node) {
        revision += 1
        nodeRows.put(node, at: node.id)
    }

    package mutating func remove(_ node: NodeID) {
        revision += 1
        nodeRows.remove(node)
    }

    package func vm(_ id: VMID) -> VirtualMachine? { vmRows[id] }
    package func vms() -> [VirtualMachine] { vmRows.all }
    package func vms(of user: UserID) -> [VirtualMachine] { vmRows.all.filter { $0.user == user } }
    package func vms(of osf: OSFID) -> [VirtualMachine] { vmRows.all.filter { $0.osf == osf } }

    package func vms(_ ids: [VMID]) -> [VirtualMachine] { Set(ids).sorted().compactMap { vmRows[$0] } }

    package func vms(assignedTo node: NodeID) -> [VirtualMachine] {
        vmRows.all.filter { $0.intent.node == node }
    }

    package func addressesTaken() -> Set<IPv4Address> { addresses }

    package mutating func put(_ vm: VirtualMachine) {
        revision += 1
        addresses.insert(vm.address)
        var row = vm
        if let old = vmRows[vm.id] {
            row.intent = old.intent
            row.observation = old.observation
        }
        vmRows.put(row, at: vm.id)
    }

    package mutating func put(_ intent: Intent, of vm: VMID) {
        guard var row = vmRows[vm] else { return }
        revision += 1
        row.intent = intent
        vmRows.put(row, at: vm)
    }

    package mutating func put(_ observation: Observation, of vm: VMID) {
        guard var row = vmRows[vm] else { return }
        revision += 1
        row.observation = observation
        vmRows.put(row, at: vm)
    }

    package mutating func remove(_ vm: VMID) {
        revision += 1
        if let old = vmRows[vm] { addresses.remove(old.address) }
        vmRows.remove(vm)
        secrets[vm] = nil
        sessionRows.remove(vm)
    }

    package func secret(of vm: VMID) -> AgentSecret? { secrets[vm] }

    package mutating func keep(secret: AgentSecret?, of vm: VMID) {
        revision += 1
        secrets[vm] = secret
    }

    package func session(of vm: VMID) -> Session? { sessionRows[vm] }
    package func sessions() -> [Session] { sessionRows.all }

    package mutating func put(_ session: Session) {
        revision += 1
        sessionRows.put(session, at: session.vm)
    }

    package mutating func removeSession(of vm: VMID) {
        if sessionRows.remove(vm) { revision += 1 }
    }

    package func properties(of owner: PropertyOwner) -> Properties { propertyRows[owner] ?? [:] }
    package func properties() -> [PropertyOwner: Properties] { propertyRows }

    package mutating func put(_ value: String?, forProperty key: String, of owner: PropertyOwner) {
        revision += 1
        var properties = propertyRows[owner] ?? [:]
        properties[key] = value
        propertyRows[owner] = properties.isEmpty ? nil : properties
    }

    package mutating func removeProperties(of owner: PropertyOwner) {
        if propertyRows.removeValue(forKey: owner) != nil { revision += 1 }
    }

    package func configuration() -> [String: String] { configurationRows }

    package mutating func put(_ value: String?, forConfiguration key: String) {
        revision += 1
        configurationRows[key] = value
    }

    package func abandonedDomains(on node: NodeID) -> [VMID] { (abandoned[node] ?? []).sorted() }

    package mutating func abandon(_ vm: VMID, on node: NodeID) {
        revision += 1
        abandoned[node, default: []].insert(vm)
    }

    package mutating func forgetAbandonedDomain(of vm: VMID, on node: NodeID) {
        if abandoned[node]?.remove(vm) != nil { revision += 1 }
    }

    package mutating func forgetAbandonedDomains(on node: NodeID) {
        if abandoned.removeValue(forKey: node) != nil { revision += 1 }
    }

    package func audit(limit: Int) -> [AuditRecord] { auditRows.suffix(max(0, limit)).reversed() }

    package mutating func append(_ record: AuditRecord) {
        revision += 1
        auditRows.append(record)
        // In blocks, because taking from the front of an array moves all of it.
        if auditRows.count > auditRecordsKept + 10_000 { auditRows.removeFirst(10_000) }
    }
}
