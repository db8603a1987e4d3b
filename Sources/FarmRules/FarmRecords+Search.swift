package import FarmModel

// What people mean by a name. Each look-up is a few readings by index, whatever the size of the farm.
extension FarmRecords {
    /// What `FarmLists.find` says, by number.
    package func find(_ noun: FarmNoun, _ text: String, in tenant: TenantID?) throws(LedgerError) -> [FarmObject] {
        let isNumberOnly = text.hasPrefix("id:")
        let number = Int64(isNumberOnly ? String(text.dropFirst(3)) : text)
        if noun == .user, !isNumberOnly, let user = try user(written: text, in: tenant) {
            if number == nil || number == user.rawValue { return [.user(user)] }
        }
        var found: Set<Int64> = []
        if let number, try exists(noun, number, in: tenant) { found.insert(number) }
        if !isNumberOnly {
            let name = noun == .tenant || noun == .user ? text.lowercased() : text
            found.formUnion(try numbers(of: noun, named: name, in: tenant, limit: Self.foundMax))
            if noun == .image { found.formUnion(try images(tagged: text, in: tenant)) }
        }
        return found.sorted().prefix(Self.foundMax).map { FarmObject(noun, $0) }
    }

    private static var foundMax: Int { 10 }

    /// `login@tenant`, or the login of the tenant `default`.
    private func user(written text: String, in tenant: TenantID?) throws(LedgerError) -> UserID? {
        guard let name = LoginName(text), let home = try self.tenant(named: name.tenant) else { return nil }
        guard tenant == nil || tenant == home.id else { return nil }
        return try user(login: name.login, in: home.id)?.id
    }

    /// `OSF:TAG`; either may contain a colon itself.
    private func images(tagged text: String, in tenant: TenantID?) throws(LedgerError) -> [Int64] {
        var found: [Int64] = []
        for colon in text.indices where text[colon] == ":" {
            let (name, tag) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
            let osfs = try numbers(of: .osf, named: name, in: tenant, limit: Self.foundMax).map { OSFID($0) }
            found += try images(ofAny: osfs).filter { $0.tags.contains(tag) }.map(\.id.rawValue)
        }
        return found
    }

    private func exists(_ noun: FarmNoun, _ number: Int64, in tenant: TenantID?) throws(LedgerError) -> Bool {
        let page = ListPage(limit: 1)
        switch noun {
        case .tenant:
            guard tenant == nil || tenant == TenantID(number) else { return false }
            return try self.tenant(TenantID(number)) != nil
        case .user: return try !users(UserFilter(id: UserID(number), tenant: tenant), page).isEmpty
        case .osf: return try !osfs(OSFFilter(id: OSFID(number), tenant: tenant), page).isEmpty
        case .image: return try !images(ImageFilter(id: ImageID(number), tenant: tenant), page).isEmpty
        case .node:
            guard tenant == nil else { return false }
            return try node(NodeID(number)) != nil
        case .vm: return try !vms(VMFilter(id: VMID(number), tenant: tenant), page).isEmpty
        }
    }
}
