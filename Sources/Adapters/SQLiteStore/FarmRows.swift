import FarmRules
import FarmModel
import FarmPorts

// The farm itself, its numbers, configuration, properties and audit trail.
extension SQLRecords {
    func identity() throws(LedgerError) -> FarmIdentity {
        let identity = try one(
            "farm", "SELECT singleton, farm, network, prefix_length, range_start, gateway, era FROM farm", []
        ) { (columns: inout Columns) throws(PortError) in
            _ = columns.integer()
            let farm = try columns.value { FarmID($0) }
            let network = try columns.address()
            let prefixLength = Int(columns.integer())
            let rangeStart = try columns.address()
            let gateway = columns.optionalText().flatMap(IPv4Address.init)
            let era = columns.integer()
            do {
                return FarmIdentity(
                    farm: farm,
                    addressPlan: try AddressPlan(
                        network: network, prefixLength: prefixLength, rangeStart: rangeStart, gateway: gateway),
                    era: era)
            } catch {
                throw PortError(
                    .rejected, .corrupt, attempt: "reading table farm",
                    detail: "\(error); restore the database from a backup")
            }
        }
        guard let identity else {
            throw .rows(
                PortError(
                    .rejected, .corrupt, attempt: "reading table farm",
                    detail: "the row is missing; restore the database from a backup"))
        }
        return identity
    }

    /// A new farm is in the first era.
    func put(_ identity: FarmIdentity) throws(LedgerError) {
        let plan = identity.addressPlan
        try run(
            """
            INSERT INTO farm (singleton, farm, network, prefix_length, range_start, gateway)
            VALUES (1, $1, $2, $3, $4, $5)
            """,
            [
                SQLValue(identity.farm.text), SQLValue(plan.network), SQLValue(plan.prefixLength),
                SQLValue(plan.rangeStart), SQLValue(plan.gateway?.description),
            ])
    }

    func nextNumber(of noun: FarmNoun) throws(LedgerError) -> Int64 { try nextNumber(of: noun.rawValue) }

    private func nextNumber(of noun: String) throws(LedgerError) -> Int64 {
        let number = try one(
            "numbers",
            """
            INSERT INTO numbers (noun, last) VALUES ($1, 1)
            ON CONFLICT (noun) DO UPDATE SET last = numbers.last + 1 RETURNING last
            """, [SQLValue(noun)]
        ) { columns in columns.integer() }
        return number ?? 1
    }

    func lastNumber(of noun: FarmNoun) throws(LedgerError) -> Int64 {
        try one("numbers", "SELECT last FROM numbers WHERE noun = $1", [SQLValue(noun.rawValue)]) { columns in
            columns.integer()
        } ?? 0
    }

    func properties(of owner: PropertyOwner) throws(LedgerError) -> Properties {
        let (kind, number) = parts(of: owner)
        let pairs = try all(
            "properties", "SELECT name, value FROM properties WHERE owner_kind = $1 AND owner = $2",
            [SQLValue(kind), SQLValue(number)]
        ) { columns in (columns.text(), columns.text()) }
        return Properties(pairs) { _, later in later }
    }

    func properties() throws(LedgerError) -> [PropertyOwner: Properties] {
        let rows = try all("properties", "SELECT owner, owner_kind, name, value FROM properties") {
            (columns: inout Columns) throws(PortError) in
            let number = columns.integer()
            let owner = try columns.value { propertyOwner(kind: $0, number: number) }
            return (owner, columns.text(), columns.text())
        }
        var result: [PropertyOwner: Properties] = [:]
        for (owner, name, value) in rows { result[owner, default: [:]][name] = value }
        return result
    }

    func put(_ value: String?, forProperty key: String, of owner: PropertyOwner) throws(LedgerError) {
        let (kind, number) = parts(of: owner)
        guard let value else {
            return try run(
                "DELETE FROM properties WHERE owner_kind = $1 AND owner = $2 AND name = $3",
                [SQLValue(kind), SQLValue(number), SQLValue(key)])
        }
        try run(
            """
            INSERT INTO properties (owner_kind, owner, name, value) VALUES ($1, $2, $3, $4)
            ON CONFLICT (owner_kind, owner, name) DO UPDATE SET value = excluded.value
            """, [SQLValue(kind), SQLValue(number), SQLValue(key), SQLValue(value)])
    }

    func removeProperties(of owner: PropertyOwner) throws(LedgerError) {
        let (kind, number) = parts(of: owner)
        try run(
            "DELETE FROM properties WHERE owner_kind = $1 AND owner = $2", [SQLValue(kind), SQLValue(number)])
    }

    func configuration() throws(LedgerError) -> [String: String] {
        let pairs = try all("configuration", "SELECT name, value FROM configuration") { columns in
            (columns.text(), columns.text())
        }
        return [String: String](pairs) { _, later in later }
    }

    func put(_ value: String?, forConfiguration key: String) throws(LedgerError) {
        guard let value else { return try run("DELETE FROM configuration WHERE name = $1", [SQLValue(key)]) }
        try run(
            """
            INSERT INTO configuration (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """, [SQLValue(key), SQLValue(value)])
    }

    func audit(limit: Int) throws(LedgerError) -> [AuditRecord] {
        try all(
            "audit", "SELECT id, at, actor, action, outcome FROM audit ORDER BY id DESC LIMIT $1",
            [SQLValue(max(0, limit))]
        ) { columns in
            _ = columns.integer()
            return AuditRecord(
                at: columns.time(), actor: columns.text(), action: columns.text(), outcome: columns.text())
        }
    }

    func append(_ record: AuditRecord) throws(LedgerError) {
        let number = try nextNumber(of: "audit")
        try run(
            "INSERT INTO audit (id, at, actor, action, outcome) VALUES ($1, $2, $3, $4, $5)",
            [
                SQLValue(number), SQLValue(record.at), SQLValue(record.actor), SQLValue(record.action),
                SQLValue(record.outcome),
            ])
        if number % 1000 == 0 {
            try run("DELETE FROM audit WHERE id <= $1", [SQLValue(number - Int64(auditRecordsKept))])
        }
    }
}

private func parts(of owner: PropertyOwner) -> (kind: String, number: Int64) {
    switch owner {
    case .osf(let id): ("osf", id.rawValue)
    case .image(let id): ("image", id.rawValue)
    case .user(let id): ("user", id.rawValue)
    case .vm(let id): ("vm", id.rawValue)
    case .node(let id): ("node", id.rawValue)
    }
}

private func propertyOwner(kind: String, number: Int64) -> PropertyOwner? {
    switch kind {
    case "osf": .osf(OSFID(number))
    case "image": .image(ImageID(number))
    case "user": .user(UserID(number))
    case "vm": .vm(VMID(number))
    case "node": .node(NodeID(number))
    default: nil
    }
}
