package import FarmModel
package import FarmRules

extension SQLRecords {
    package func audit(limit: Int) throws(LedgerError) -> [AuditRecord] {
        try all(
            "audit", "SELECT id, at, actor, action, outcome FROM audit ORDER BY id DESC LIMIT $1",
            [SQLValue(max(0, limit))]
        ) { columns in
            _ = columns.integer()
            return AuditRecord(
                at: columns.time(), actor: columns.text(), action: columns.text(), outcome: columns.text())
        }
    }

    package func append(_ record: AuditRecord) throws(LedgerError) {
        let number = try nextNumber(of: "audit")
        try run(
            "INSERT INTO audit (id, at, actor, action, outcome) VALUES ($1, $2, $3, $4, $5)",
            [
                SQLValue(number), SQLValue(record.at), SQLValue(record.actor), SQLValue(record.action),
                SQLValue(record.outcome),
            ])
        if number % 1000 == 0 {
            try run("DELETE FROM audit WHERE id <= $1", [SQLValue(number - Int64(auditRecordsHeld))])
        }
    }
}
