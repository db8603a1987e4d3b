import FarmModel

/// Finds objects by what people call them: a name, a number, or `id:NUMBER`.
struct References {
    let snapshot: FarmSnapshot

    init(_ snapshot: FarmSnapshot) { self.snapshot = snapshot }

    func tenant(_ text: String) throws -> Tenant {
        try find(text, "tenant", snapshot.tenants, id: \.id.rawValue) { $0.name == text.lowercased() }
    }

    /// `login`, `login@tenant`, or a number. Without a tenant the tenant `default` comes first.
    func user(_ text: String) throws -> User {
        if let name = LoginName(text), let tenant = snapshot.tenants.first(where: { $0.name == name.tenant }),
            let user = snapshot.users.first(where: { $0.tenant == tenant.id && $0.login == name.login })
        {
            if Int64(text) == nil || user.id.rawValue == Int64(text) { return user }
        }
        return try find(text, "user", snapshot.users, id: \.id.rawValue) { $0.login == text.lowercased() }
    }

    func osf(_ text: String) throws -> OSFlavour {
        try find(text, "osf", snapshot.osfs, id: \.id.rawValue) { $0.name == text }
    }

    /// A number, a file name, or `OSF:TAG`.
    func image(_ text: String) throws -> DiskImage {
        try find(text, "di", snapshot.images, id: \.id.rawValue) { image in
            guard image.file != text else { return true }
            guard let osf = snapshot.osfs.first(where: { $0.id == image.osf }) else { return false }
            return image.tags.contains { "\(osf.name):\($0)" == text }
        }
    }

    func node(_ text: String) throws -> Node {
        try find(text, "node", snapshot.nodes, id: \.id.rawValue) { $0.name == text }
    }

    func vm(_ text: String) throws -> VirtualMachine {
        try find(text, "vm", snapshot.vms, id: \.id.rawValue) { $0.name == text }
    }

    func owner(_ kind: PropertyKind, _ text: String) throws -> PropertyOwner {
        switch kind {
        case .osf: .osf(try osf(text).id)
        case .di: .image(try image(text).id)
        case .user: .user(try user(text).id)
        case .vm: .vm(try vm(text).id)
        case .node: .node(try node(text).id)
        }
    }

    private func find<Object>(
        _ text: String, _ noun: String, _ all: [Object], id: (Object) -> Int64, hasName: (Object) -> Bool
    ) throws -> Object {
        let isNumberOnly = text.hasPrefix("id:")
        let number = Int64(isNumberOnly ? String(text.dropFirst(3)) : text)
        let found = all.filter { id($0) == number || (!isNumberOnly && hasName($0)) }
        guard let first = found.first else {
            throw CommandFailure("there is no \(words(noun)) `\(text)`; `qvd \(noun) list` shows them")
        }
        guard found.count == 1 else {
            let numbers = found.map { "id:\(id($0))" }.joined(separator: ", ")
            throw CommandFailure("`\(text)` is more than one \(words(noun)); say which: \(numbers)")
        }
        return first
    }

    private func words(_ noun: String) -> String { ["osf": "OSF", "di": "image", "vm": "VM"][noun] ?? noun }

    // MARK: Names for people

    func name(of tenant: TenantID) -> String { snapshot.tenants.first { $0.id == tenant }?.name ?? "\(tenant)" }
    func name(of osf: OSFID) -> String { snapshot.osfs.first { $0.id == osf }?.name ?? "\(osf)" }
    func name(of node: NodeID) -> String { snapshot.nodes.first { $0.id == node }?.name ?? "\(node)" }

    /// `login`, with the tenant unless it is `default`.
    func name(of user: UserID) -> String {
        guard let user = snapshot.users.first(where: { $0.id == user }) else { return "\(user)" }
        let tenant = name(of: user.tenant)
        return tenant == "default" ? user.login : "\(user.login)@\(tenant)"
    }
}
