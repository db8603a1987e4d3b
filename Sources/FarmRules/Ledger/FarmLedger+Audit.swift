package import FarmModel

extension FarmLedger: AuditRows {
    package func audit(limit: Int) -> [AuditRecord] { auditRows.suffix(max(0, limit)).reversed() }

    package mutating func append(_ record: AuditRecord) {
        countWrite()
        auditRows.append(record)
        // In blocks, because taking from the front of an array moves all of it.
        if auditRows.count > auditRecordsHeld + 10_000 { auditRows.removeFirst(10_000) }
    }
}
