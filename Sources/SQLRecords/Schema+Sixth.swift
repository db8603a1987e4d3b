extension Schema {
    /// Nodes that take nothing new; and where a VM's disks lie: until now there was one storage.
    static let sixth: [String] = [
        "ALTER TABLE nodes ADD COLUMN is_draining INTEGER NOT NULL DEFAULT 0 CHECK (is_draining IN (0, 1))",
        "ALTER TABLE vms ADD COLUMN storage TEXT NOT NULL DEFAULT 'default'",
    ]
}
