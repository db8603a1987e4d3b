extension Schema {
    /// Where a VM's disks lie, and the user disks that are to be deleted, of VMs that have no row. Until now there was
    /// one storage.
    static let sixth: [String] = [
        "ALTER TABLE vms ADD COLUMN storage TEXT NOT NULL DEFAULT 'default'",
        """
        CREATE TABLE disk_deletions (
            vm INTEGER NOT NULL, storage TEXT NOT NULL, request TEXT, requested_by TEXT NOT NULL,
            requested_at INTEGER NOT NULL, last_error TEXT, PRIMARY KEY (vm, storage)) STRICT
        """,
    ]
}
