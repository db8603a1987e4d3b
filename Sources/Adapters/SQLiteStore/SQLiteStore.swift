package import FarmModel
package import FarmPorts
import FarmRules
package import FarmStore
import SQLRecords
import SystemCalls

/// The farm's store in one SQLite file on this machine, used by several processes at once (house keeper, router,
/// administrators). Every operation is one transaction; an acknowledged one survives kill -9 and power cut.
///
/// A write waits up to 10 s for another process's write, then fails as `.busy`.
package typealias SQLiteStore = FarmStore<SQLiteTransactions>

extension FarmStore where Transactions == SQLiteTransactions {
    package var path: String { transactions.path }

    /// Opens a farm's database that exists.
    ///
    /// - Throws: `.notFound` for a missing file, `.denied` for one that cannot be read and written, `.corrupt` for one
    ///   that is no farm's database, `.invalid` for a schema that this program does not know.
    package static func open(at path: String) async throws(PortError) -> SQLiteStore {
        try await open(at: path, migrator: Migrator())
    }

    static func open(at path: String, migrator: Migrator) async throws(PortError) -> SQLiteStore {
        let transactions = SQLiteTransactions(path: path)
        try await transactions.database.open(migrator: migrator)
        return SQLiteStore(transactions)
    }

    /// Makes a new farm with nothing but the tenant `default`, and opens it. The file has mode 0660; its folder is
    /// made with mode 2770 if it does not exist (the folder above must).
    ///
    /// - Throws: `.alreadyExists` when there is a file; it is left as it is.
    package static func create(
        at path: String, farm: FarmID, addressPlan: AddressPlan, access: DatabaseAccess = DatabaseAccess()
    ) async throws(PortError) -> SQLiteStore {
        try await create(at: path, farm: farm, addressPlan: addressPlan, access: access, migrator: Migrator())
    }

    static func create(
        at path: String, farm: FarmID, addressPlan: AddressPlan, access: DatabaseAccess, migrator: Migrator
    ) async throws(PortError) -> SQLiteStore {
        let identity = FarmIdentity(farm: farm, addressPlan: addressPlan)
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
        transactions.watch.close()
        await transactions.database.close()
    }

    /// What an examination of the file finds wrong, in SQLite's words; empty when all is well.
    package func examine() async throws(PortError) -> [String] {
        do {
            return try await transactions.database.examine()
        } catch {
            throw PortError(error, attempt: "examining the database \(path)")
        }
    }

    /// What the farm is and how its addresses are divided.
    package func farm() async throws(PortError) -> (farm: FarmID, addressPlan: AddressPlan) {
        do {
            let identity = try await transactions.read { records throws(LedgerError) in try records.identity() }
            return (identity.farm, identity.addressPlan)
        } catch {
            throw PortError(error, attempt: "reading the farm")
        }
    }
}

/// A thread for blocking work that has no connection of its own yet.
private actor Blocking {
    private nonisolated let executor = QueueExecutor(label: "qvd.sqlite.file")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    func run<Value: Sendable>(_ body: @Sendable () throws(PortError) -> Value) throws(PortError) -> Value {
        try body()
    }
}
