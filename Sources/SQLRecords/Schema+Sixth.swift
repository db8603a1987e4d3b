extension Schema {
    /// Where a VM's disks lie. Until now there was one storage.
    static let sixth: [String] = [
        "ALTER TABLE vms ADD COLUMN storage TEXT NOT NULL DEFAULT 'default'"
    ]
}
