import FarmRules
package import FarmModel
package import FarmPorts
import SQLRecords
import SystemCalls

/// The farm's store in one SQLite file on this machine, used by several processes at once (house keeper, router,
/// administrators). Every operation is one transaction; an acknowledged one survives kill -9 and power cut.
///
/// A write waits up to 10 s for another process's write, then fails as `.busy`.
package final class SQLiteStore: Sendable {
    package let path: String
    private let database: Database
    private let watch: ChangeWatch

    private init(path: String) {
        self.path = path
        database = Database(path: path)
        watch = ChangeWatch(path: path)
    }

    /// Opens a farm's database that exists.
    ///
    /// - Throws: `.notFound` for a missing file, `.denied` for one that cannot be read and written, `.corrupt` for one
    ///   that is no farm's database, `.invalid` for a schema that this program does not know.
    package static func open(at path: String) async throws(PortError) -> SQLiteStore {
        try await open(at: path, migrator: Migrator())
    }

    static func open(at path: String, migrator: Migrator) async throws(PortError) -> SQLiteStore {
        let store = SQLiteStore(path: path)
        try await store.database.open(migrator: migrator)
        return store
    }

    /// Makes a new farm with nothing but the tenant `default`, and opens it. The file has mode 0660; its folder is
    /// made with mode 2770 if it does not exist (the folder above must).
    ///
    /// - Throws: `.alreadyExists` when there is a file; it is left as it is.
    package static func create(
        at path: String, farm: FarmID, plan: AddressPlan, access: DatabaseAccess = DatabaseAccess()
    ) async throws(PortError) -> SQLiteStore {
        try await create(at: path, farm: farm, plan: plan, access: access, migrator: Migrator())
    }

    static func create(
        at path: String, farm: FarmID, plan: AddressPlan, access: DatabaseAccess, migrator: Migrator
    ) async throws(PortError) -> SQLiteStore {
        let identity = FarmIdentity(farm: farm, addressPlan: plan)
        try await Blocking().run { () throws(PortError) in
            try DatabaseFile.create(at: path, identity: identity, access: access, migrator: migrator)
        }
        return try await open(at: path, migrator: migrator)
    }

    /// Brings the schema of a database that no program uses to this program's number.
    ///
    /// - Returns: the numbers of the migrations that ran; none when it was up to date.
    package static func upgrade(at path: String) async throws(PortError) -> [Int] {
        try await upgrade(at: path, migrator: Migrator())
    }

    static func upgrade(at path: String, migrator: Migrator) async throws(PortError) -> [Int] {
        try await Blocking().run { () throws(PortError) in
            try migrator.migrate(try SQLiteConnection(path: path, busyTimeout: 2000))
        }
    }

    /// The number of the newest schema this program knows.
    package static var schemaNumber: Int { Migrator().newest }

    /// Ends every stream of `changes()`. Operations fail afterwards.
    package func close() async {
        watch.close()
        await database.close()
    }

    /// What an examination of the file finds wrong, in SQLite's words; empty when all is well.
    package func examine() async throws(PortError) -> [String] {
        do {
            return try await database.examine()
        } catch {
            throw portError(error, attempt: "examining the database \(path)")
        }
    }

    /// What the farm is and how its addresses are divided.
    package func farm() async throws(PortError) -> (farm: FarmID, addressPlan: AddressPlan) {
        let identity = try await read("reading the farm") { records throws(LedgerError) in try records.identity() }
        return (identity.farm, identity.addressPlan)
    }

    func read<Value: Sendable>(
        _ attempt: @autoclosure () -> String, _ body: @Sendable (SQLRecords) throws(LedgerError) -> Value
    ) async throws(PortError) -> Value {
        do {
            return try await database.read(body)
        } catch {
            throw portError(error, attempt: attempt())
        }
    }

    func write<Value: Sendable>(
        _ attempt: @autoclosure () -> String, _ body: @Sendable (inout SQLRecords) throws(LedgerError) -> Value
    ) async throws(PortError) -> Value {
        do {
            return try await database.write(body)
        } catch {
            throw portError(error, attempt: attempt())
        }
    }
}

extension SQLiteStore: StoreChanges {
    package func changes() -> AsyncStream<Void> { watch.changes() }
}

/// A thread for blocking work that has no connection of its own yet.
private actor Blocking {
    private nonisolated let executor = QueueExecutor(label: "qvd.sqlite.file")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func run<Value: Sendable>(_ body: @Sendable () throws(PortError) -> Value) throws(PortError) -> Value {
        try body()
    }
}

/// As every port but `Administration` says it.
func portError(_ error: LedgerError, attempt: String) -> PortError {
    switch error {
    case .stale(let attempt, let detail): return PortError(.rejected, .stale, attempt: attempt, detail: detail)
    case .notFound(let attempt, let detail): return PortError(.rejected, .notFound, attempt: attempt, detail: detail)
    case .rows(let error):
        guard var error = error as? PortError else {
            return PortError(.outcomeUnknown, .unavailable, attempt: attempt, detail: "\(error)")
        }
        error.attempt = "\(attempt): \(error.attempt)"
        return error
    case .refused(let refusal):
        let reason: PortError.Reason =
            switch refusal.reason {
            case .notFound: .notFound
            case .alreadyExists: .alreadyExists
            case .blocked, .noNode: .denied
            case .inUse, .notStopped: .busy
            case .rangeIsFull: .limit
            case .invalid: .invalid
            }
        return PortError(.rejected, reason, attempt: attempt, detail: refusal.message)
    }
}
