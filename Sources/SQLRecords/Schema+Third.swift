extension Schema {
    /// The newest changes, each with what it is about, so that a reader reads only what changed: `name` is a node's
    /// number or a router's incarnation, `vm` 0 when the change is not about one. The sessions of a router are found by
    /// its incarnation.
    static let third: [String] = [
        """
        CREATE TABLE changes (
            revision INTEGER NOT NULL, topic TEXT NOT NULL CHECK (topic IN ('node', 'router', 'farm')),
            name TEXT NOT NULL, vm INTEGER NOT NULL) STRICT
        """,
        "CREATE INDEX changes_by_revision ON changes (revision)",
        "CREATE INDEX sessions_by_router ON sessions (router)",
    ]
}
