import FarmPorts

/// Brings a database's schema to the newest number, or says why not.
struct Migrator {
    var migrations = Schema.migrations

    var newest: Int { migrations.last?.number ?? 0 }

    /// The number of the last step that ran.
    ///
    /// - Throws: `.corrupt` when the file is no farm's database.
    func current(of connection: SQLiteConnection) throws(PortError) -> Int {
        guard try connection.integer("PRAGMA application_id") == Schema.applicationID else {
            throw PortError(
                .rejected, .corrupt, attempt: "opening the database",
                detail: "\(connection.path) is not the database of a QVD farm; set database.path in node.conf, or make"
                    + " one there with `qvd init`")
        }
        return Int(try connection.integer("SELECT max(number) FROM schema_migrations") ?? 0)
    }

    /// - Throws: `.invalid` for a schema that this program does not know, newer or older.
    func checkIsNewest(_ connection: SQLiteConnection) throws(PortError) {
        let current = try current(of: connection)
        guard current <= newest else { throw unknown(current, connection.path) }
        guard current == newest else {
            throw PortError(
                .rejected, .invalid, attempt: "opening the database",
                detail: "database \(connection.path) has schema \(current), this program needs \(newest); stop qvd-node"
                    + " and run `qvd upgrade`")
        }
    }

    /// Runs every missing step, each in a transaction of its own. One that fails leaves the schema of the step before.
    ///
    /// - Returns: the numbers of the steps that ran.
    func migrate(_ connection: SQLiteConnection) throws(PortError) -> [Int] {
        var done: [Int] = []
        while true {
            let step = try connection.writeTransaction { () throws(PortError) -> Int? in
                let current = try current(of: connection)
                guard current <= newest else { throw unknown(current, connection.path) }
                guard let next = migrations.first(where: { $0.number > current }) else { return nil }
                for statement in next.statements { try connection.run(statement) }
                try connection.run(
                    "INSERT INTO schema_migrations (number) VALUES ($1)", [SQLValue(next.number)])
                return next.number
            } _: {
                $0
            }
            guard let step else { return done }
            done.append(step)
        }
    }

    /// Marks an empty file as a farm's database with schema 0.
    func begin(_ connection: SQLiteConnection) throws(PortError) {
        try connection.run("PRAGMA application_id = \(Schema.applicationID)")
        try connection.run("CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY) STRICT")
    }

    private func unknown(_ current: Int, _ path: String) -> PortError {
        PortError(
            .rejected, .invalid, attempt: "opening the database",
            detail: "database \(path) has schema \(current), which is newer than this program's \(newest); install the"
                + " version of QVD that made it")
    }
}
