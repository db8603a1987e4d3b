package import FarmModel

// Pages of lists: the objects, and then in one reading each what the list says of others.
extension FarmRecords {
    package func tenantListings(_ filter: TenantFilter, _ page: ListPage) throws(LedgerError) -> [TenantListing] {
        let tenants = try tenants(filter, page)
        let numbers = tenants.map(\.id.rawValue)
        let users = try counts(.usersOfTenant, of: numbers)
        let osfs = try counts(.osfsOfTenant, of: numbers)
        return tenants.map {
            TenantListing(tenant: $0, users: users[$0.id.rawValue] ?? 0, osfs: osfs[$0.id.rawValue] ?? 0)
        }
    }

    package func userListings(_ filter: UserFilter, _ page: ListPage) throws(LedgerError) -> [UserListing] {
        let users = try users(filter, page)
        let tenants = try names(of: users.map(\.tenant))
        let numbers = users.map(\.id.rawValue)
        let vms = try counts(.vmsOfUser, of: numbers)
        let sessions = try counts(.sessionsOfUser, of: numbers)
        return users.map {
            UserListing(
                user: $0, tenant: tenants[$0.tenant] ?? "\($0.tenant)", vms: vms[$0.id.rawValue] ?? 0,
                connected: sessions[$0.id.rawValue] ?? 0)
        }
    }

    package func osfListings(_ filter: OSFFilter, _ page: ListPage) throws(LedgerError) -> [OSFListing] {
        let osfs = try osfs(filter, page)
        let tenants = try names(of: osfs.map(\.tenant))
        let numbers = osfs.map(\.id.rawValue)
        let images = try counts(.imagesOfOSF, of: numbers)
        let vms = try counts(.vmsOfOSF, of: numbers)
        return osfs.map {
            OSFListing(
                osf: $0, tenant: tenants[$0.tenant] ?? "\($0.tenant)", images: images[$0.id.rawValue] ?? 0,
                vms: vms[$0.id.rawValue] ?? 0)
        }
    }

    package func imageListings(_ filter: ImageFilter, _ page: ListPage) throws(LedgerError) -> [ImageListing] {
        let images = try images(filter, page)
        let osfs = try names(of: images.map(\.osf))
        let running = try counts(.vmsOnImage, of: images.map(\.id.rawValue))
        return images.map {
            ImageListing(image: $0, osf: osfs[$0.osf] ?? "\($0.osf)", running: running[$0.id.rawValue] ?? 0)
        }
    }

    package func nodeListings(_ filter: NodeFilter, _ page: ListPage) throws(LedgerError) -> [NodeListing] {
        let listed = Set(try nodes(filter, page).map(\.id))
        return try nodeLoads().filter { listed.contains($0.node.id) }.map(NodeListing.init)
    }

    package func vmListings(_ filter: VMFilter, _ page: ListPage) throws(LedgerError) -> [VMListing] {
        let vms = try vms(filter, page)
        var users: [UserID: User] = [:]
        for user in try self.users(unique(vms.map(\.user))) { users[user.id] = user }
        let tenants = try names(of: users.values.map(\.tenant))
        let osfs = try names(of: vms.map(\.osf))
        var nodes: [NodeID: String] = [:]
        let assigned = unique(vms.compactMap(\.intent.node))
        for node in try self.nodes(assigned) { nodes[node.id] = node.name }
        var sessions: [VMID: Session] = [:]
        for session in try self.sessions(of: vms.map(\.id)) { sessions[session.vm] = session }
        return vms.map { vm in
            let user = users[vm.user]
            return VMListing(
                vm: vm, login: user?.login ?? "\(vm.user)", tenant: user.flatMap { tenants[$0.tenant] } ?? "?",
                osf: osfs[vm.osf] ?? "\(vm.osf)", node: vm.intent.node.map { nodes[$0] ?? "\($0)" },
                session: sessions[vm.id])
        }
    }

    /// What `FarmDetails.surroundings` says.
    package func surroundings(of id: VMID) throws(LedgerError) -> FarmSnapshot? {
        guard let vm = try vm(id) else { return nil }
        let identity = try identity()
        var part = FarmSnapshot(farm: identity.farm, addressPlan: identity.addressPlan)
        part.vms = [vm]
        if let user = try user(vm.user) {
            part.users = [user]
            if let tenant = try tenant(user.tenant) { part.tenants = [tenant] }
        }
        if let osf = try osf(vm.osf) { part.osfs = [osf] }
        part.images = try images(of: vm.osf)
        part.nodeLoads = try nodeLoads()
        part.nodes = part.nodeLoads.map(\.node)
        if let session = try session(of: id) { part.sessions = [session] }
        return part
    }

    package func propertyListings(of owner: PropertyOwner?) throws(LedgerError) -> [PropertyListing] {
        let properties: [PropertyOwner: Properties]
        if let owner {
            properties = [owner: try self.properties(of: owner)]
        } else {
            properties = try self.properties()
        }
        let names = try names(of: properties.keys.filter { properties[$0]?.isEmpty == false })
        var listings: [PropertyListing] = []
        for (owner, pairs) in properties {
            for (key, value) in pairs {
                listings.append(
                    PropertyListing(
                        owner: owner, name: names[owner] ?? "\(owner.object.number)", key: key, value: value))
            }
        }
        return listings
    }

    // MARK: Names

    private func unique<Noun>(_ ids: [Identifier<Noun>]) -> [Identifier<Noun>] { Set(ids).sorted() }

    private func names(of ids: [TenantID]) throws(LedgerError) -> [TenantID: String] {
        var names: [TenantID: String] = [:]
        for tenant in try tenants(unique(ids)) { names[tenant.id] = tenant.name }
        return names
    }

    private func names(of ids: [OSFID]) throws(LedgerError) -> [OSFID: String] {
        var names: [OSFID: String] = [:]
        for osf in try osfs(unique(ids)) { names[osf.id] = osf.name }
        return names
    }

    private func names(of owners: [PropertyOwner]) throws(LedgerError) -> [PropertyOwner: String] {
        var osfs: [OSFID] = []
        var images: [ImageID] = []
        var users: [UserID] = []
        var vms: [VMID] = []
        var nodes: [NodeID] = []
        for owner in owners {
            switch owner {
            case .osf(let id): osfs.append(id)
            case .image(let id): images.append(id)
            case .user(let id): users.append(id)
            case .vm(let id): vms.append(id)
            case .node(let id): nodes.append(id)
            }
        }
        var names: [PropertyOwner: String] = [:]
        if !osfs.isEmpty { for osf in try self.osfs(osfs.sorted()) { names[.osf(osf.id)] = osf.name } }
        if !images.isEmpty { for image in try self.images(images.sorted()) { names[.image(image.id)] = image.file } }
        if !nodes.isEmpty { for node in try self.nodes(nodes.sorted()) { names[.node(node.id)] = node.name } }
        if !vms.isEmpty {
            for row in try assignmentRows(of: vms.sorted(), notOn: nil) { names[.vm(row.vm.id)] = row.vm.name }
        }
        let rows = try self.users(users.sorted())
        let tenants = try self.names(of: rows.map(\.tenant))
        for user in rows {
            let tenant = tenants[user.tenant] ?? "?"
            names[.user(user.id)] = tenant == Tenant.standard.name ? user.login : "\(user.login)@\(tenant)"
        }
        return names
    }
}
