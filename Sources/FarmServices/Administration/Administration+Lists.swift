package import FarmModel
import FarmPorts

// Lists, a page at a time or whole, kept to what the actor may see; and what else is looked at.
extension Administration {
    package func tenants(_ filter: TenantFilter, _ page: ListPage) async throws -> [TenantListing] {
        guard let own = try tenantInView(of: .tenant) else { return try await ports.lists.tenants(filter, page) }
        guard filter.id == nil || filter.id == own else { return [] }
        return try await ports.lists.tenants(TenantFilter(id: own), page)
    }

    package func users(_ filter: UserFilter, _ page: ListPage) async throws -> [UserListing] {
        var filter = filter
        guard try narrow(&filter.tenant, to: .user) else { return [] }
        return try await ports.lists.users(filter, page)
    }

    package func osfs(_ filter: OSFFilter, _ page: ListPage) async throws -> [OSFListing] {
        var filter = filter
        guard try narrow(&filter.tenant, to: .osf) else { return [] }
        return try await ports.lists.osfs(filter, page)
    }

    package func images(_ filter: ImageFilter, _ page: ListPage) async throws -> [ImageListing] {
        var filter = filter
        guard try narrow(&filter.tenant, to: .image) else { return [] }
        return try await ports.lists.images(filter, page)
    }

    package func nodes(_ filter: NodeFilter, _ page: ListPage) async throws -> [NodeListing] {
        _ = try tenantInView(of: .node)
        return try await ports.lists.nodes(filter, page)
    }

    package func vms(_ filter: VMFilter, _ page: ListPage) async throws -> [VMListing] {
        var filter = filter
        guard try narrow(&filter.tenant, to: .vm) else { return [] }
        return try await ports.lists.vms(filter, page)
    }

    /// False when the filter asks for another tenant than the actor's own.
    private func narrow(_ tenant: inout TenantID?, to noun: FarmNoun) throws -> Bool {
        guard let own = try tenantInView(of: noun) else { return true }
        guard tenant == nil || tenant == own else { return false }
        tenant = own
        return true
    }

    // MARK: Whole lists

    package func tenants(_ filter: TenantFilter = TenantFilter()) async throws -> [TenantListing] {
        try await everyPage(\.tenant.id.rawValue) { try await tenants(filter, $0) }
    }

    package func users(_ filter: UserFilter = UserFilter()) async throws -> [UserListing] {
        try await everyPage(\.user.id.rawValue) { try await users(filter, $0) }
    }

    package func osfs(_ filter: OSFFilter = OSFFilter()) async throws -> [OSFListing] {
        try await everyPage(\.osf.id.rawValue) { try await osfs(filter, $0) }
    }

    package func images(_ filter: ImageFilter = ImageFilter()) async throws -> [ImageListing] {
        try await everyPage(\.image.id.rawValue) { try await images(filter, $0) }
    }

    package func nodes(_ filter: NodeFilter = NodeFilter()) async throws -> [NodeListing] {
        try await everyPage(\.node.id.rawValue) { try await nodes(filter, $0) }
    }

    package func vms(_ filter: VMFilter = VMFilter()) async throws -> [VMListing] {
        try await everyPage(\.vm.id.rawValue) { try await vms(filter, $0) }
    }

    // Swift 6.3.1 crashes in release mode when it inlines this into its callers.
    @inline(never)
    private func everyPage<Row>(
        _ number: (Row) -> Int64, _ read: (ListPage) async throws -> [Row]
    ) async throws -> [Row] {
        var rows: [Row] = []
        var page = ListPage()
        while true {
            let part = try await read(page)
            rows += part
            guard part.count == page.limit, let last = part.last else { return rows }
            page.after = number(last)
        }
    }

    // MARK: Details

    package func counts() async throws -> FarmCounts {
        try checkWholeFarm("how much the farm has")
        return try await ports.details.counts()
    }

    package func properties(of owner: PropertyOwner) async throws -> Properties {
        var properties: Properties = [:]
        for listing in try await propertyListings(of: owner) { properties[listing.key] = listing.value }
        return properties
    }

    package func propertyListings(of owner: PropertyOwner) async throws -> [PropertyListing] {
        try await ports.details.properties(of: owner)
    }

    package func propertyListings() async throws -> [PropertyListing] {
        try checkWholeFarm("the properties of all objects")
        return try await ports.details.properties(of: nil)
    }

    package func configuration() async throws -> [String: String] {
        try checkWholeFarm("the farm's configuration")
        return try await ports.details.configuration()
    }

    package func abandonedDomains(on node: NodeID) async throws -> [VMID] {
        try checkWholeFarm("the domains of nodes")
        return try await ports.details.abandonedDomains(on: node)
    }

    package func audit(limit: Int) async throws -> [AuditRecord] {
        try checkWholeFarm("the audit trail")
        return try await ports.details.audit(limit: limit)
    }
}
