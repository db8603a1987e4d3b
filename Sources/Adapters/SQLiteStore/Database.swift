import FarmRules
import FarmPorts
import SQLRecords
import SystemCalls

/// The connection that does the work, one transaction after the other, on a thread of its own.
actor Database {
    private nonisolated let executor = QueueExecutor(label: "qvd.sqlite")
    private var connection: SQLiteConnection?
    private let path: String

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(path: String) { self.path = path }

    /// - Throws: for a file that is missing, unreadable, not writable, no farm's database, or of another schema.
    func open(migrator: Migrator) throws(PortError) {
        let connection = try SQLiteConnection(path: path, busyTimeout: 2000)
        try migrator.checkIsNewest(connection)
        // Before anything depends on it: a file that can be read and not written is refused here.
        try connection.writeTransaction { () throws(PortError) in
        } _: {
            $0
        }
        self.connection = connection
    }

    func close() { connection = nil }

    func read<Value: Sendable>(
        _ body: @Sendable (SQLRecords) throws(LedgerError) -> Value
    ) throws(LedgerError) -> Value {
        let connection = try open()
        return try connection.readTransaction { () throws(LedgerError) in
            try body(SQLRecords(statements: connection))
        } _: {
            LedgerError.rows($0)
        }
    }

    func write<Value: Sendable>(
        _ body: @Sendable (inout SQLRecords) throws(LedgerError) -> Value
    ) throws(LedgerError) -> Value {
        let connection = try open()
        return try connection.writeTransaction { () throws(LedgerError) in
            var records = SQLRecords(statements: connection)
            return try body(&records)
        } _: {
            LedgerError.rows($0)
        }
    }

    /// What SQLite's own examination of the file finds; empty when all is well.
    func examine() throws(LedgerError) -> [String] {
        let connection = try open()
        var findings: [String] = []
        do {
            try connection.query("PRAGMA quick_check(20)", []) { (row: any SQLRow) throws(PortError) in
                findings.append(row.text(0))
            }
        } catch {
            throw .rows(error)
        }
        return findings == ["ok"] ? [] : findings
    }

    private func open() throws(LedgerError) -> SQLiteConnection {
        guard let connection else {
            throw .rows(
                PortError(
                    .unreachable, .unavailable, attempt: "using the database", detail: "\(path) was closed here"))
        }
        return connection
    }
}
