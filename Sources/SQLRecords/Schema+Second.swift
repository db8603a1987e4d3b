extension Schema {
    /// What is wanted of a VM and what is are tables of their own, written by separate statements; an assignment says
    /// whether its node has begun it, and an epoch says its era.
    ///
    /// A table that others refer to is not changed in place: dropping it would take their rows along. So it is made
    /// anew under another name, then those that refer to it, then the old ones go.
    static let second: [String] =
        ["ALTER TABLE farm ADD COLUMN era INTEGER NOT NULL DEFAULT 0"] + newVMs + intents + observations + dependents
        + [
            "DROP TABLE vms", "ALTER TABLE new_vms RENAME TO vms", "CREATE INDEX vms_by_osf ON vms (osf)",
        ]

    private static let newVMs = [
        """
        CREATE TABLE new_vms (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, user_id INTEGER NOT NULL REFERENCES users (id),
            osf INTEGER NOT NULL REFERENCES osfs (id), tag TEXT NOT NULL, address TEXT NOT NULL UNIQUE,
            is_blocked INTEGER NOT NULL CHECK (is_blocked IN (0, 1)), UNIQUE (user_id, name)) STRICT
        """,
        """
        INSERT INTO new_vms (id, name, user_id, osf, tag, address, is_blocked)
        SELECT id, name, user_id, osf, tag, address, is_blocked FROM vms
        """,
    ]

    /// Of an assignment of the first schema nobody knows whether its node has touched anything: it counts as begun.
    private static let intents = [
        """
        CREATE TABLE vm_intents (
            vm INTEGER PRIMARY KEY REFERENCES new_vms (id) ON DELETE CASCADE,
            wanted TEXT NOT NULL CHECK (wanted IN ('run', 'stop')), node INTEGER REFERENCES nodes (id),
            epoch INTEGER NOT NULL, era INTEGER NOT NULL,
            has_begun INTEGER NOT NULL CHECK (has_begun = 0 OR has_begun = 1 AND node IS NOT NULL),
            request INTEGER NOT NULL, requested_by TEXT NOT NULL) STRICT
        """,
        """
        INSERT INTO vm_intents (vm, wanted, node, epoch, era, has_begun, request, requested_by)
        SELECT id, intent_wanted, intent_node, intent_epoch, 0, CASE WHEN intent_node IS NULL THEN 0 ELSE 1 END,
            intent_request, intent_by
        FROM vms
        """,
        "CREATE INDEX vm_intents_by_node ON vm_intents (node)",
    ]

    private static let observations = [
        """
        CREATE TABLE vm_observations (
            vm INTEGER PRIMARY KEY REFERENCES new_vms (id) ON DELETE CASCADE, state TEXT NOT NULL,
            since INTEGER NOT NULL, detail TEXT NOT NULL, last_error TEXT, image INTEGER) STRICT
        """,
        """
        INSERT INTO vm_observations (vm, state, since, detail, last_error, image)
        SELECT id, observed_state, observed_since, observed_detail, observed_error, observed_image FROM vms
        """,
    ]

    /// A session says where its router runs: on a node, or under the name of one that stands alone. A session from
    /// before says neither: whichever router starts next may end it.
    private static let dependents = [
        """
        CREATE TABLE new_vm_secrets (
            vm INTEGER PRIMARY KEY REFERENCES new_vms (id) ON DELETE CASCADE, secret TEXT NOT NULL) STRICT
        """,
        "INSERT INTO new_vm_secrets (vm, secret) SELECT vm, secret FROM vm_secrets",
        "DROP TABLE vm_secrets",
        "ALTER TABLE new_vm_secrets RENAME TO vm_secrets",
        """
        CREATE TABLE new_sessions (
            vm INTEGER PRIMARY KEY REFERENCES new_vms (id) ON DELETE CASCADE, router TEXT NOT NULL,
            number INTEGER NOT NULL, state TEXT NOT NULL, peer TEXT NOT NULL, since INTEGER NOT NULL,
            is_take_over_requested INTEGER NOT NULL CHECK (is_take_over_requested IN (0, 1)), node INTEGER,
            router_name TEXT) STRICT
        """,
        """
        INSERT INTO new_sessions (vm, router, number, state, peer, since, is_take_over_requested)
        SELECT vm, router, number, state, peer, since, is_take_over_requested FROM sessions
        """,
        "DROP TABLE sessions",
        "ALTER TABLE new_sessions RENAME TO sessions",
    ]
}
