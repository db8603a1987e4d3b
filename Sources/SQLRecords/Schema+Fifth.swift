extension Schema {
    /// The newest answers to requests, each under its actor's name for it, so that a request which is sent again is
    /// answered as the first time; and what finds objects by their names alone.
    static let fifth: [String] = [
        """
        CREATE TABLE requests (
            actor TEXT NOT NULL, request TEXT NOT NULL, number INTEGER NOT NULL, command INTEGER NOT NULL,
            answer TEXT NOT NULL, PRIMARY KEY (actor, request)) STRICT
        """,
        "CREATE INDEX requests_by_number ON requests (number)",
        "CREATE INDEX users_by_login ON users (login)",
        "CREATE INDEX osfs_by_name ON osfs (name)",
        "CREATE INDEX vms_by_name ON vms (name)",
    ]
}
