import CSQLite
import FarmPorts
import Glibc
import SQLRecords

/// One connection to a database file. Used by one thread at a time: whoever owns it sees to that.
final class SQLiteConnection: MigratedDatabase {
    /// `QVDF`: tells a farm's database from any other SQLite file.
    private static let applicationID: Int64 = 0x5156_4446

    let path: String
    private let handle: OpaquePointer
    private var prepared: [String: OpaquePointer] = [:]

    /// Opens a file that exists.
    ///
    /// - Parameter busyTimeout: how long one statement waits for another process's lock, in milliseconds.
    init(path: String, busyTimeout: Int32) throws(PortError) {
        self.path = path
        try Self.checkAccess(path)
        LogFiles.areMadeWhole
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let error = portError(
                attempt: "opening the database", path: path, code: code,
                message: opened.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code)),
                systemError: opened.map { sqlite3_system_errno($0) } ?? 0)
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        sqlite3_busy_timeout(handle, busyTimeout)
        // FULL: an acknowledged write survives a power cut, for one fsync per transaction.
        for pragma in [
            "foreign_keys = ON", "synchronous = FULL", "trusted_schema = OFF", "journal_size_limit = 16777216",
        ] {
            try run("PRAGMA \(pragma)")
        }
    }

    /// SQLite says "unable to open" for whatever is wrong with a file or its folder; the system says more.
    private static func checkAccess(_ path: String) throws(PortError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        // The folder too, for the log of the write-ahead log lies beside the file.
        for (place, rights) in [(path, R_OK | W_OK), (folder, W_OK | X_OK)] where access(place, rights) != 0 {
            throw portError(
                attempt: "opening the database", path: path, code: SQLITE_CANTOPEN,
                message: place == path ? "unable to open the file" : "unable to write into its folder",
                systemError: errno)
        }
    }

    deinit {
        for statement in prepared.values { sqlite3_finalize(statement) }
        sqlite3_close_v2(handle)
    }

    func query(
        _ sql: String, _ values: [SQLValue], _ row: (any SQLRow) throws(PortError) -> Void
    ) throws(PortError) {
        let statement = try prepare(sql)
        // The statement goes back to the cache clean, whatever happens: an unreset one would hold its locks.
        defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
        }
        for (index, value) in values.enumerated() { try bind(value, at: Int32(index + 1), of: statement, sql) }
        let current = SQLiteRow(statement: statement)
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: try row(current)
            case SQLITE_DONE: return
            default: throw failure(sql)
            }
        }
    }

    private func prepare(_ sql: String) throws(PortError) -> OpaquePointer {
        if let statement = prepared[sql] { return statement }
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw failure(sql) }
        prepared[sql] = statement
        return statement
    }

    private func bind(
        _ value: SQLValue, at index: Int32, of statement: OpaquePointer, _ sql: String
    ) throws(PortError) {
        let code =
            switch value {
            case .null: sqlite3_bind_null(statement, index)
            case .integer(let number): sqlite3_bind_int64(statement, index, number)
            case .text(var text):
                text.withUTF8 { bytes in
                    bytes.withMemoryRebound(to: CChar.self) {
                        // An empty text has no base address, and a null pointer would bind NULL.
                        csqlite_bind_text(statement, index, $0.baseAddress ?? emptyText, Int32($0.count))
                    }
                }
            }
        guard code == SQLITE_OK else { throw failure(sql) }
    }

    /// The last error of this connection. Only the statement's first words are told: values never are.
    private func failure(_ sql: String) -> PortError {
        let words = sql.split(whereSeparator: \.isWhitespace).prefix(3).joined(separator: " ")
        return portError(
            attempt: "running `\(words)...`", path: path, code: sqlite3_extended_errcode(handle),
            message: String(cString: sqlite3_errmsg(handle)), systemError: systemError, isCommit: sql == "COMMIT")
    }

    /// errno lingers from calls that were right to fail, so it counts only for errors of the system below.
    private var systemError: Int32 {
        let code = sqlite3_errcode(handle) & 0xff
        return [SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL].contains(code) ? sqlite3_system_errno(handle) : 0
    }

    var place: String { path }
    var dialect: SQLDialect { .sqlite }

    func isFarm() throws(PortError) -> Bool { try integer("PRAGMA application_id") == Self.applicationID }

    func markAsFarm() throws(PortError) { try run("PRAGMA application_id = \(Self.applicationID)") }

    /// True inside BEGIN ... COMMIT. Some errors end a transaction by themselves.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Pages that were not in this connection's memory and had to be read from the files, so far.
    var pagesRead: Int {
        var current: Int32 = 0
        var highest: Int32 = 0
        sqlite3_db_status(handle, SQLITE_DBSTATUS_CACHE_MISS, &current, &highest, 0)
        return Int(current)
    }
}

/// Outlives every binding, which copies.
nonisolated(unsafe) private let emptyText: UnsafePointer<CChar> = {
    // Written once here and never again, so threads may share it.
    let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    byte.pointee = 0
    return UnsafePointer(byte)
}()

private struct SQLiteRow: SQLRow {
    let statement: OpaquePointer

    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(statement, Int32(column)) }
    func isNull(_ column: Int) -> Bool { sqlite3_column_type(statement, Int32(column)) == SQLITE_NULL }

    func text(_ column: Int) -> String {
        guard let bytes = sqlite3_column_text(statement, Int32(column)) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, Int32(column)))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
