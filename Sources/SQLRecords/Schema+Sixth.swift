extension Schema {
    /// Nodes that take nothing new.
    static let sixth: [String] = [
        "ALTER TABLE nodes ADD COLUMN is_draining INTEGER NOT NULL DEFAULT 0 CHECK (is_draining IN (0, 1))"
    ]
}
