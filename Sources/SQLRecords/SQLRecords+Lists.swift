package import FarmModel
import FarmPorts
package import FarmRules

// Pages of lists, and objects by name. Each is one statement that an index leads to its rows.
extension SQLRecords {
    package func numbers(
        of noun: FarmNoun, named name: String, in tenant: TenantID?, limit: Int
    ) throws(LedgerError) -> [Int64] {
        let (table, column, isOfTenant) =
            switch noun {
            case .tenant: ("tenants", "name", "id =")
            case .user: ("users", "login", "tenant =")
            case .osf: ("osfs", "name", "tenant =")
            case .image: ("images", "file", Self.osfIsOfTenant)
            case .node: ("nodes", "name", Self.neverOfTenant)
            case .vm: ("vms", "name", Self.userIsOfTenant)
            }
        var conditions = Conditions()
        conditions.add("\(column) =", SQLValue(name))
        conditions.add(isOfTenant, tenant.map { SQLValue($0) })
        let end = conditions.end(orderedBy: "id", limit: limit)
        return try all(table, "SELECT id FROM \(table) \(end)", conditions.values) { columns in columns.integer() }
    }

    private static let osfIsOfTenant = "osf IN (SELECT osfs.id FROM osfs WHERE osfs.tenant ="
    private static let userIsOfTenant = "user_id IN (SELECT users.id FROM users WHERE users.tenant ="
    /// Nodes belong to the farm.
    private static let neverOfTenant = "0 ="

    package func tenants(_ filter: TenantFilter, _ page: ListPage) throws(LedgerError) -> [Tenant] {
        var conditions = Conditions(of: "id", page, filter.id)
        return try tenants(conditions.end(orderedBy: "id", limit: page.limit), conditions.values)
    }

    package func users(_ filter: UserFilter, _ page: ListPage) throws(LedgerError) -> [User] {
        var conditions = Conditions(of: "id", page, filter.id)
        conditions.add("tenant =", filter.tenant.map { SQLValue($0) })
        return try users(conditions.end(orderedBy: "id", limit: page.limit), conditions.values)
    }

    package func osfs(_ filter: OSFFilter, _ page: ListPage) throws(LedgerError) -> [OSFlavour] {
        var conditions = Conditions(of: "id", page, filter.id)
        conditions.add("tenant =", filter.tenant.map { SQLValue($0) })
        return try osfs(conditions.end(orderedBy: "id", limit: page.limit), conditions.values)
    }

    package func images(_ filter: ImageFilter, _ page: ListPage) throws(LedgerError) -> [DiskImage] {
        var conditions = Conditions(of: "id", page, filter.id)
        conditions.add("osf =", filter.osf.map { SQLValue($0) })
        conditions.add(Self.osfIsOfTenant, filter.tenant.map { SQLValue($0) })
        // The limit is one of images, not of the rows that an image has, one for each tag.
        let end = conditions.end(orderedBy: "id", limit: page.limit)
        return try images("WHERE images.id IN (SELECT id FROM images \(end))", conditions.values)
    }

    package func nodes(_ filter: NodeFilter, _ page: ListPage) throws(LedgerError) -> [Node] {
        var conditions = Conditions(of: "id", page, filter.id)
        return try nodes(conditions.end(orderedBy: "id", limit: page.limit), conditions.values)
    }

    package func vms(_ filter: VMFilter, _ page: ListPage) throws(LedgerError) -> [VirtualMachine] {
        var conditions = Conditions(of: "vms.id", page, filter.id)
        conditions.add("vms.user_id =", filter.user.map { SQLValue($0) })
        conditions.add("vms.\(Self.userIsOfTenant)", filter.tenant.map { SQLValue($0) })
        conditions.add("vm_intents.node =", filter.node.map { SQLValue($0) })
        conditions.add("state =", filter.state.map { SQLValue($0.rawValue) })
        return try vms(conditions.end(orderedBy: "vms.id", limit: page.limit), conditions.values)
    }
}

/// The end of a query, with its parameters in the order of their numbers.
private struct Conditions {
    private var texts: [String] = []
    private(set) var values: [SQLValue] = []

    init() {}

    init<Noun>(of column: String, _ page: ListPage, _ id: Identifier<Noun>?) {
        // One number is found by itself; beside others the page says where to go on.
        if id == nil || page.after > 0 { add("\(column) >", SQLValue(page.after)) }
        add("\(column) =", id.map { SQLValue($0) })
    }

    /// - Parameter text: what stands before the value; of a query inside, without its closing bracket.
    mutating func add(_ text: String, _ value: SQLValue?) {
        guard let value else { return }
        values.append(value)
        texts.append("\(text) $\(values.count)\(text.contains("(") ? ")" : "")")
    }

    mutating func end(orderedBy column: String, limit: Int) -> String {
        values.append(SQLValue(limit))
        return "WHERE \(texts.joined(separator: " AND ")) ORDER BY \(column) LIMIT $\(values.count)"
    }
}
