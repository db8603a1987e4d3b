package import FarmModel
import FarmPorts
package import FarmRules

extension SQLRecords {
    private func deletions(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [DiskDeletion] {
        try all(
            "disk_deletions",
            """
            SELECT vm, storage, request, requested_by, requested_at, last_error FROM disk_deletions \(condition)
            """, values
        ) { (columns: inout Columns) throws(PortError) in
            DiskDeletion(
                disk: UserDiskID(vm: columns.id(), storage: try columns.storage()),
                request: columns.optionalText().flatMap { RequestID($0) }, requestedBy: columns.text(),
                requestedAt: columns.time(), lastError: columns.optionalText())
        }
    }

    package func diskDeletion(of disk: UserDiskID) throws(LedgerError) -> DiskDeletion? {
        try deletions("WHERE vm = $1 AND storage = $2", [SQLValue(disk.vm), SQLValue(disk.storage.text)]).first
    }

    package func diskDeletions() throws(LedgerError) -> [DiskDeletion] { try deletions("ORDER BY vm, storage", []) }

    package func disksToDelete() throws(LedgerError) -> [UserDiskID] {
        // All of them, by the index: the table holds what is still open, and VMs have numbers from 1.
        try all("disk_deletions", "SELECT vm, storage FROM disk_deletions WHERE vm > 0 ORDER BY vm, storage") {
            (columns: inout Columns) throws(PortError) in
            UserDiskID(vm: columns.id(), storage: try columns.storage())
        }
    }

    package func put(_ deletion: DiskDeletion) throws(LedgerError) {
        try run(
            """
            INSERT INTO disk_deletions (vm, storage, request, requested_by, requested_at, last_error)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (vm, storage) DO UPDATE SET last_error = excluded.last_error
            """,
            [
                SQLValue(deletion.disk.vm), SQLValue(deletion.disk.storage.text), SQLValue(deletion.request?.text),
                SQLValue(deletion.requestedBy), SQLValue(deletion.requestedAt), SQLValue(deletion.lastError),
            ])
    }

    package func removeDiskDeletion(of disk: UserDiskID) throws(LedgerError) {
        try run(
            "DELETE FROM disk_deletions WHERE vm = $1 AND storage = $2",
            [SQLValue(disk.vm), SQLValue(disk.storage.text)])
    }
}
