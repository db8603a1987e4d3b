package import FarmPorts

/// Brings a database's schema to the newest number, or says why not.
package struct Migrator: Sendable {
    package let migrations: [Migration]

    package init(migrations: [Migration] = Schema.migrations) { self.migrations = migrations }

    package var newest: Int { migrations.last?.number ?? 0 }

    /// The number of the last step that ran.
    ///
    /// - Throws: `.corrupt` when the file is no farm's database.
    func current(of connection: some MigratedDatabase) throws(PortError) -> Int {
        guard try connection.isFarm() else {
            throw PortError(
                .rejected, .corrupt, attempt: "opening the database",
                detail: "\(connection.place) is not the database of a QVD farm; set database.path in node.conf, or make"
                    + " one there with `qvd init`")
        }
        return Int(try connection.integer("SELECT max(number) FROM schema_migrations") ?? 0)
    }

    /// - Throws: `.invalid` for a schema that this program does not know, newer or older.
    package func checkIsNewest(_ connection: some MigratedDatabase) throws(PortError) {
        let current = try current(of: connection)
        guard current <= newest else { throw unknown(current, connection.place) }
        guard current == newest else {
            throw PortError(
                .rejected, .invalid, attempt: "opening the database",
                detail:
                    "database \(connection.place) has schema \(current), this program needs \(newest); stop qvd-node"
                    + " and run `qvd upgrade`")
        }
    }

    /// Runs every missing step, each in a transaction of its own. One that fails leaves the schema of the step before.
    ///
    /// - Returns: the numbers of the steps that ran.
    package func migrate(_ connection: some MigratedDatabase) throws(PortError) -> [Int] {
        var done: [Int] = []
        while true {
            let step = try connection.writeTransaction { () throws(PortError) -> Int? in
                let current = try current(of: connection)
                guard current <= newest else { throw unknown(current, connection.place) }
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

    /// Marks an empty database as a farm's database with schema 0.
    package func begin(_ connection: some MigratedDatabase) throws(PortError) {
        try connection.markAsFarm()
        try connection.run("CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY) STRICT")
    }

    private func unknown(_ current: Int, _ place: String) -> PortError {
        PortError(
            .rejected, .invalid, attempt: "opening the database",
            detail: "database \(place) has schema \(current), which is newer than this program's \(newest); install the"
                + " version of QVD that made it")
    }
}
