package import FarmRules

/// What keeps a farm's rows gives transactions on them, and tells when somebody may have changed them. `FarmStore`
/// makes every operation of the store ports of that: an operation is written once, whatever keeps the rows.
package protocol RecordTransactions: Sendable {
    associatedtype Records: FarmRecords

    /// Everything that `body` reads is of one moment.
    func read<Value: Sendable>(
        _ body: @Sendable (Records) throws(LedgerError) -> Value
    ) async throws(LedgerError) -> Value

    /// All of `body` or, when it throws, none of it. Everything it reads and writes is of one moment.
    func write<Value: Sendable>(
        _ body: @Sendable (inout Records) throws(LedgerError) -> Value
    ) async throws(LedgerError) -> Value

    /// As `StoreChanges.changes` says.
    func changes() -> AsyncStream<Void>
}
