package import FarmModel

extension FarmLedger: ListRows {
    package func numbers(
        of noun: FarmNoun, named name: String, in tenant: TenantID?, limit: Int
    ) -> [Int64] {
        // By bytes, as a database compares: Swift holds composed and decomposed letters for equal.
        let bytes = Array(name.utf8)
        func isNamed(_ text: String) -> Bool { text.utf8.elementsEqual(bytes) }
        let page = ListPage()
        let found: [Int64] =
            switch noun {
            case .tenant: all(tenantRows.all) { isNamed($0.name) && isOf(tenant, $0.id) }.map(\.id.rawValue)
            case .user:
                tenant.map { user(login: name, in: $0).map { [$0.id.rawValue] } ?? [] }
                    ?? all(userRows.all) { isNamed($0.login) }.map(\.id.rawValue)
            case .osf: all(osfRows.all) { isNamed($0.name) && isOf(tenant, $0.tenant) }.map(\.id.rawValue)
            case .image:
                images(ImageFilter(tenant: tenant), page).filter { isNamed($0.file) }.map(\.id.rawValue)
            case .node: tenant == nil ? all(nodeRows.all) { isNamed($0.name) }.map(\.id.rawValue) : []
            case .vm:
                all(vmTable.all) { isNamed($0.name) && isOf(tenant, userRows[$0.user]?.tenant) }.map(\.id.rawValue)
            }
        return Array(found.prefix(limit))
    }

    package func tenants(_ filter: TenantFilter, _ page: ListPage) -> [Tenant] {
        part(tenantRows, page, filter.id) { _ in true }
    }

    package func users(_ filter: UserFilter, _ page: ListPage) -> [User] {
        part(userRows, page, filter.id) { isOf(filter.tenant, $0.tenant) }
    }

    package func osfs(_ filter: OSFFilter, _ page: ListPage) -> [OSFlavour] {
        part(osfRows, page, filter.id) { isOf(filter.tenant, $0.tenant) }
    }

    package func images(_ filter: ImageFilter, _ page: ListPage) -> [DiskImage] {
        part(imageRows, page, filter.id) { image in
            (filter.osf == nil || filter.osf == image.osf) && isOf(filter.tenant, osfRows[image.osf]?.tenant)
        }
    }

    package func nodes(_ filter: NodeFilter, _ page: ListPage) -> [Node] {
        part(nodeRows, page, filter.id) { _ in true }
    }

    package func vms(_ filter: VMFilter, _ page: ListPage) -> [VirtualMachine] {
        vmTable.part(after: VMID(page.after), limit: page.limit, only: filter.id) { vm in
            (filter.user == nil || filter.user == vm.user) && (filter.node == nil || filter.node == vm.intent.node)
                && (filter.state == nil || filter.state == vm.observation.state)
                && isOf(filter.tenant, userRows[vm.user]?.tenant)
        }
    }

    private func isOf(_ wanted: TenantID?, _ tenant: TenantID?) -> Bool { wanted == nil || wanted == tenant }

    private func all<Row>(_ rows: [Row], _ isWanted: (Row) -> Bool) -> [Row] { rows.filter(isWanted) }

    private func part<Noun, Row>(
        _ rows: Rows<Identifier<Noun>, Row>, _ page: ListPage, _ id: Identifier<Noun>?, _ isWanted: (Row) -> Bool
    ) -> [Row] { rows.part(after: Identifier(page.after), limit: page.limit, only: id, isWanted) }
}

extension FarmLedger: RelatedRows {
    package func tenants(_ ids: [TenantID]) -> [Tenant] { ids.compactMap { tenantRows[$0] } }
    package func users(_ ids: [UserID]) -> [User] { ids.compactMap { userRows[$0] } }
    package func images(_ ids: [ImageID]) -> [DiskImage] { ids.compactMap { imageRows[$0] } }
    package func nodes(_ ids: [NodeID]) -> [Node] { ids.compactMap { nodeRows[$0] } }
    package func sessions(of vms: [VMID]) -> [Session] { vms.compactMap { sessionRows[$0] } }

    package func counts(_ relation: CountedRelation, of numbers: [Int64]) -> [Int64: Int] {
        var counts: [Int64: Int] = [:]
        for number in numbers {
            let count =
                switch relation {
                case .usersOfTenant: userNumbers[TenantID(number)]?.count ?? 0
                case .osfsOfTenant: osfRows.all.count { $0.tenant.rawValue == number }
                case .vmsOfUser: vmTable.vms(of: UserID(number)).count
                case .sessionsOfUser: vmTable.vms(of: UserID(number)).count { sessionRows[$0.id] != nil }
                case .imagesOfOSF: imageRows.all.count { $0.osf.rawValue == number }
                case .vmsOfOSF: vmTable.all.count { $0.osf.rawValue == number }
                case .vmsOnImage:
                    vmTable.all.count { $0.observation.image?.rawValue == number && $0.observation.state != .stopped }
                }
            if count > 0 { counts[number] = count }
        }
        return counts
    }

    package func counts() -> FarmCounts {
        var counts = FarmCounts()
        counts.tenants = tenantRows.all.count
        counts.users = userRows.all.count
        counts.osfs = osfRows.all.count
        counts.images = imageRows.all.count
        counts.nodes = nodeRows.all.count
        counts.nodesRunning = nodeRows.all.count { $0.state == .running }
        counts.sessions = sessionRows.all.count
        for vm in vmTable.all { counts.vmStates[vm.observation.state, default: 0] += 1 }
        return counts
    }
}
