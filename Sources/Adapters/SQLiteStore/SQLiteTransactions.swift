package import FarmRules
import FarmStore
package import SQLRecords

/// Transactions on the rows in one SQLite file, one after the other on a connection of its own, and a watch for the
/// commits of others.
package final class SQLiteTransactions: RecordTransactions {
    let path: String
    let database: Database
    let watch: ChangeWatch

    init(path: String) {
        self.path = path
        database = Database(path: path)
        watch = ChangeWatch(path: path)
    }

    package func read<Value: Sendable>(
        _ body: @Sendable (SQLRecords) throws(LedgerError) -> Value
    ) async throws(LedgerError) -> Value { try await database.read(body) }

    package func write<Value: Sendable>(
        _ body: @Sendable (inout SQLRecords) throws(LedgerError) -> Value
    ) async throws(LedgerError) -> Value { try await database.write(body) }

    package func changes() -> AsyncStream<Void> { watch.changes() }
}
