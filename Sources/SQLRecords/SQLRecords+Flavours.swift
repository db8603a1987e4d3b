package import FarmModel
package import FarmRules

extension SQLRecords {
    func osfs(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [OSFlavour] {
        try all(
            "osfs",
            "SELECT id, tenant, name, memory_mib, cpus, user_disk_mib, keeps_overlay FROM osfs \(condition)", values
        ) { columns in
            OSFlavour(
                id: columns.id(), tenant: columns.id(), name: columns.text(), memory: columns.size(),
                cpus: columns.optionalCount(), userDiskSize: columns.size(), keepsOverlay: columns.flag())
        }
    }

    package func osf(_ id: OSFID) throws(LedgerError) -> OSFlavour? { try osfs("WHERE id = $1", [SQLValue(id)]).first }
    package func osfs() throws(LedgerError) -> [OSFlavour] { try osfs("ORDER BY id", []) }

    package func osfs(_ ids: [OSFID]) throws(LedgerError) -> [OSFlavour] {
        try osfs("WHERE id IN (\(dialect.numbers(in: "$1"))) ORDER BY id", [SQLValue(ids)])
    }

    package func put(_ osf: OSFlavour) throws(LedgerError) {
        try run(
            """
            INSERT INTO osfs (id, tenant, name, memory_mib, cpus, user_disk_mib, keeps_overlay)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (id) DO UPDATE
            SET tenant = excluded.tenant, name = excluded.name, memory_mib = excluded.memory_mib,
                cpus = excluded.cpus, user_disk_mib = excluded.user_disk_mib, keeps_overlay = excluded.keeps_overlay
            """,
            [
                SQLValue(osf.id), SQLValue(osf.tenant), SQLValue(osf.name), SQLValue(osf.memory),
                SQLValue(osf.cpus), SQLValue(osf.userDiskSize), SQLValue(osf.keepsOverlay),
            ])
    }

    package func remove(_ osf: OSFID) throws(LedgerError) {
        try run("DELETE FROM osfs WHERE id = $1", [SQLValue(osf)])
    }
}
