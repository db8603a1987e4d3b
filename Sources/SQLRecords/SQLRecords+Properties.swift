package import FarmModel
import FarmPorts
package import FarmRules

extension SQLRecords {
    package func properties(of owner: PropertyOwner) throws(LedgerError) -> Properties {
        let (kind, number) = parts(of: owner)
        let pairs = try all(
            "properties", "SELECT name, value FROM properties WHERE owner_kind = $1 AND owner = $2",
            [SQLValue(kind), SQLValue(number)]
        ) { columns in (columns.text(), columns.text()) }
        return Properties(pairs) { _, later in later }
    }

    package func properties() throws(LedgerError) -> [PropertyOwner: Properties] {
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

    package func put(_ value: String?, forProperty key: String, of owner: PropertyOwner) throws(LedgerError) {
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

    package func removeProperties(of owner: PropertyOwner) throws(LedgerError) {
        let (kind, number) = parts(of: owner)
        try run(
            "DELETE FROM properties WHERE owner_kind = $1 AND owner = $2", [SQLValue(kind), SQLValue(number)])
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
