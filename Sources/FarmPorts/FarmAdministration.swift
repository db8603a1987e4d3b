package import FarmModel

// What administration needs of the store, split by what it is for. As everywhere in the store, each method is one
// transaction.

/// What an administrator wants done to the farm.
package protocol AdministrationCommands: Sendable {
    /// Carries out the command or refuses it, and writes the audit record either way, in the same transaction.
    ///
    /// With a request, the same actor's same command is carried out once however often it is sent: each time it is
    /// answered as the first time, for at least the 10,000 newest requests of the farm. Another command under that name
    /// is refused.
    func apply(
        _ command: AdministrationCommand, by actor: Actor, request: RequestID?, at time: WallTime
    ) async throws(PortError) -> Result<AdministrationResult, AdministrationRefusal>
}

extension AdministrationCommands {
    /// Applies a command that nobody will send again.
    package func apply(
        _ command: AdministrationCommand, by actor: Actor, at time: WallTime
    ) async throws(PortError) -> Result<AdministrationResult, AdministrationRefusal> {
        try await apply(command, by: actor, request: nil, at: time)
    }
}

/// Finding objects, and lists of them in pages. What a page reads and gives follows its length, not the size of the
/// farm; to find it a store may look through the numbers of all that the tenant, user or node of the filter has, and a
/// state is looked for from VM to VM.
package protocol FarmLists: Sendable {
    /// The first ten objects that people may mean by this: a name, a number, or `id:NUMBER` for a number alone. A user
    /// is also `login@tenant`, and a login alone is first looked for in the tenant `default`; an image is its file or
    /// `OSF:TAG`. With a tenant only what belongs to it is found.
    func find(_ noun: FarmNoun, _ text: String, in tenant: TenantID?) async throws(PortError) -> [FarmObject]

    func tenants(_ filter: TenantFilter, _ page: ListPage) async throws(PortError) -> [TenantListing]
    func users(_ filter: UserFilter, _ page: ListPage) async throws(PortError) -> [UserListing]
    func osfs(_ filter: OSFFilter, _ page: ListPage) async throws(PortError) -> [OSFListing]
    func images(_ filter: ImageFilter, _ page: ListPage) async throws(PortError) -> [ImageListing]
    func nodes(_ filter: NodeFilter, _ page: ListPage) async throws(PortError) -> [NodeListing]
    func vms(_ filter: VMFilter, _ page: ListPage) async throws(PortError) -> [VMListing]
}

/// What else administrators look at.
package protocol FarmDetails: Sendable {
    func snapshot() async throws(PortError) -> FarmSnapshot

    func counts() async throws(PortError) -> FarmCounts

    /// The part of the farm that explains the state of this VM: its row, user, tenant, OSF with images, session, and
    /// all nodes. Nil when there is no such VM.
    func surroundings(of vm: VMID) async throws(PortError) -> FarmSnapshot?

    /// Of this object, or of all; without order.
    func properties(of owner: PropertyOwner?) async throws(PortError) -> [PropertyListing]

    func configuration() async throws(PortError) -> [String: String]

    /// The farm's domains without a row that an operator gave up (`abandonDomain`), for this node.
    func abandonedDomains(on node: NodeID) async throws(PortError) -> [VMID]

    /// The user disks that are wanted deleted and are not yet, sorted.
    func diskDeletions() async throws(PortError) -> [DiskDeletion]

    /// The newest records, newest first.
    func audit(limit: Int) async throws(PortError) -> [AuditRecord]
}
