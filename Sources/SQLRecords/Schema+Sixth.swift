extension Schema {
    /// Nodes that take nothing new; where a VM's disks lie, for until now there was one storage; and the user disks
    /// that are to be deleted, of VMs that have no row.
    static let sixth: [String] = [
        "ALTER TABLE nodes ADD COLUMN is_draining INTEGER NOT NULL DEFAULT 0 CHECK (is_draining IN (0, 1))",
        "ALTER TABLE vms ADD COLUMN storage TEXT NOT NULL DEFAULT 'default'",
        """
        CREATE TABLE disk_deletions (
            vm INTEGER NOT NULL, storage TEXT NOT NULL, request TEXT, requested_by TEXT NOT NULL,
            requested_at INTEGER NOT NULL, last_error TEXT, PRIMARY KEY (vm, storage)) STRICT
        """,
    ]
}
