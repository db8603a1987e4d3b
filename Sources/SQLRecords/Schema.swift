/// One numbered step of the schema. It runs whole or not at all, and is never changed once released.
package struct Migration: Sendable {
    package let number: Int
    package let statements: [String]

    package init(number: Int, statements: [String]) {
        self.number = number
        self.statements = statements
    }
}

/// The schema in its numbered steps. Types are those that SQLite's STRICT tables allow. Intent (what is wanted) and
/// observation (what is) are separate columns of a VM.
package enum Schema {
    package static let migrations: [Migration] = [
        Migration(number: 1, statements: first), Migration(number: 2, statements: second),
        Migration(number: 3, statements: third), Migration(number: 4, statements: fourth),
        Migration(number: 5, statements: fifth), Migration(number: 6, statements: sixth),
    ]

    private static let first: [String] = [
        """
        CREATE TABLE farm (
            singleton INTEGER PRIMARY KEY CHECK (singleton = 1), farm TEXT NOT NULL, network TEXT NOT NULL,
            prefix_length INTEGER NOT NULL, range_start TEXT NOT NULL, gateway TEXT) STRICT
        """,
        "CREATE TABLE numbers (noun TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT",
        """
        CREATE TABLE tenants (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
            is_blocked INTEGER NOT NULL CHECK (is_blocked IN (0, 1))) STRICT
        """,
        """
        CREATE TABLE users (
            id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL REFERENCES tenants (id), login TEXT NOT NULL,
            is_blocked INTEGER NOT NULL CHECK (is_blocked IN (0, 1)), UNIQUE (tenant, login)) STRICT
        """,
        """
        CREATE TABLE user_passwords (
            user_id INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE, hash TEXT NOT NULL) STRICT
        """,
        """
        CREATE TABLE osfs (
            id INTEGER PRIMARY KEY, tenant INTEGER NOT NULL REFERENCES tenants (id), name TEXT NOT NULL,
            memory_mib INTEGER NOT NULL CHECK (memory_mib > 0),
            user_disk_mib INTEGER NOT NULL CHECK (user_disk_mib >= 0),
            keeps_overlay INTEGER NOT NULL CHECK (keeps_overlay IN (0, 1)), UNIQUE (tenant, name)) STRICT
        """,
        """
        CREATE TABLE images (
            id INTEGER PRIMARY KEY, osf INTEGER NOT NULL REFERENCES osfs (id), file TEXT NOT NULL UNIQUE,
            version TEXT NOT NULL, is_blocked INTEGER NOT NULL CHECK (is_blocked IN (0, 1)),
            UNIQUE (osf, version)) STRICT
        """,
        """
        CREATE TABLE image_tags (
            osf INTEGER NOT NULL REFERENCES osfs (id), tag TEXT NOT NULL,
            image INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE, PRIMARY KEY (osf, tag)) STRICT
        """,
        "CREATE INDEX image_tags_by_image ON image_tags (image)",
        """
        CREATE TABLE nodes (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, address TEXT NOT NULL UNIQUE,
            is_blocked INTEGER NOT NULL CHECK (is_blocked IN (0, 1)), state TEXT NOT NULL,
            state_since INTEGER NOT NULL) STRICT
        """,
        """
        CREATE TABLE vms (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, user_id INTEGER NOT NULL REFERENCES users (id),
            osf INTEGER NOT NULL REFERENCES osfs (id), tag TEXT NOT NULL, address TEXT NOT NULL UNIQUE,
            is_blocked INTEGER NOT NULL CHECK (is_blocked IN (0, 1)),
            intent_wanted TEXT NOT NULL CHECK (intent_wanted IN ('run', 'stop')),
            intent_node INTEGER REFERENCES nodes (id), intent_epoch INTEGER NOT NULL,
            intent_request INTEGER NOT NULL, intent_by TEXT NOT NULL,
            observed_state TEXT NOT NULL, observed_since INTEGER NOT NULL, observed_detail TEXT NOT NULL,
            observed_error TEXT, observed_image INTEGER, UNIQUE (user_id, name)) STRICT
        """,
        "CREATE INDEX vms_by_node ON vms (intent_node)",
        "CREATE INDEX vms_by_osf ON vms (osf)",
        """
        CREATE TABLE vm_secrets (
            vm INTEGER PRIMARY KEY REFERENCES vms (id) ON DELETE CASCADE, secret TEXT NOT NULL) STRICT
        """,
        """
        CREATE TABLE sessions (
            vm INTEGER PRIMARY KEY REFERENCES vms (id) ON DELETE CASCADE, router TEXT NOT NULL,
            number INTEGER NOT NULL, state TEXT NOT NULL, peer TEXT NOT NULL, since INTEGER NOT NULL,
            is_take_over_requested INTEGER NOT NULL CHECK (is_take_over_requested IN (0, 1))) STRICT
        """,
        """
        CREATE TABLE properties (
            owner_kind TEXT NOT NULL CHECK (owner_kind IN ('osf', 'image', 'user', 'vm', 'node')),
            owner INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (owner_kind, owner, name)) STRICT
        """,
        "CREATE TABLE configuration (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
        """
        CREATE TABLE abandoned_domains (
            node INTEGER NOT NULL REFERENCES nodes (id), vm INTEGER NOT NULL, PRIMARY KEY (node, vm)) STRICT
        """,
        """
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
            outcome TEXT NOT NULL) STRICT
        """,
    ]
}
