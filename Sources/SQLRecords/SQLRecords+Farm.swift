package import FarmModel
import FarmPorts
package import FarmRules

// The farm itself, its numbers, and its configuration.
extension SQLRecords {
    package func identity() throws(LedgerError) -> FarmIdentity {
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
    package func put(_ identity: FarmIdentity) throws(LedgerError) {
        let addressPlan = identity.addressPlan
        try run(
            """
            INSERT INTO farm (singleton, farm, network, prefix_length, range_start, gateway)
            VALUES (1, $1, $2, $3, $4, $5)
            """,
            [
                SQLValue(identity.farm.text), SQLValue(addressPlan.network), SQLValue(addressPlan.prefixLength),
                SQLValue(addressPlan.rangeStart), SQLValue(addressPlan.gateway?.description),
            ])
    }

    package func nextNumber(of noun: FarmNoun) throws(LedgerError) -> Int64 { try nextNumber(of: noun.rawValue) }

    func nextNumber(of noun: String) throws(LedgerError) -> Int64 {
        let number = try one(
            "numbers",
            """
            INSERT INTO numbers (noun, last) VALUES ($1, 1)
            ON CONFLICT (noun) DO UPDATE SET last = numbers.last + 1 RETURNING last
            """, [SQLValue(noun)]
        ) { columns in columns.integer() }
        return number ?? 1
    }

    package func lastNumber(of noun: FarmNoun) throws(LedgerError) -> Int64 {
        try one("numbers", "SELECT last FROM numbers WHERE noun = $1", [SQLValue(noun.rawValue)]) { columns in
            columns.integer()
        } ?? 0
    }

    package func configuration() throws(LedgerError) -> [String: String] {
        let pairs = try all("configuration", "SELECT name, value FROM configuration") { columns in
            (columns.text(), columns.text())
        }
        return [String: String](pairs) { _, later in later }
    }

    package func configuration(_ key: String) throws(LedgerError) -> String? {
        try one("configuration", "SELECT value FROM configuration WHERE name = $1", [SQLValue(key)]) { $0.text() }
    }

    package func put(_ value: String?, forConfiguration key: String) throws(LedgerError) {
        guard let value else { return try run("DELETE FROM configuration WHERE name = $1", [SQLValue(key)]) }
        try run(
            """
            INSERT INTO configuration (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """, [SQLValue(key), SQLValue(value)])
    }
}
