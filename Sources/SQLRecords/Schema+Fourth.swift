extension Schema {
    /// What a node may give to VMs, what a VM of an OSF needs, and what an assignment takes. A capacity of NULL has no
    /// limit, and CPUs of NULL are those that the node says.
    ///
    /// What is assigned already takes what its OSF says now, and the usual 2 CPUs.
    static let fourth: [String] = [
        "ALTER TABLE nodes ADD COLUMN memory_mib INTEGER CHECK (memory_mib > 0)",
        "ALTER TABLE nodes ADD COLUMN cpus INTEGER CHECK (cpus > 0)",
        "ALTER TABLE osfs ADD COLUMN cpus INTEGER CHECK (cpus > 0)",
        "ALTER TABLE vm_intents ADD COLUMN memory_mib INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE vm_intents ADD COLUMN cpus INTEGER NOT NULL DEFAULT 0",
        """
        UPDATE vm_intents SET cpus = 2, memory_mib =
            (SELECT osfs.memory_mib FROM vms JOIN osfs ON osfs.id = vms.osf WHERE vms.id = vm_intents.vm)
        WHERE node IS NOT NULL
        """,
        // What is taken of each node is summed in the index alone.
        "DROP INDEX vm_intents_by_node",
        "CREATE INDEX vm_intents_by_node ON vm_intents (node, memory_mib, cpus)",
    ]
}
