import FarmPorts
import FarmRules

/// The farm's store: every operation of the store ports as one transaction that runs the rules of `FarmRules` on the
/// rows, whoever keeps them.
///
/// Errors of the rules are said in the ports' words (`PortError.init(_:attempt:)`); those of the rows are passed on.
package struct FarmStore<Transactions: RecordTransactions>: Sendable {
    package let transactions: Transactions

    package init(_ transactions: Transactions) { self.transactions = transactions }

    /// - Parameter attempt: what is being done, to which object; said in errors only.
    func read<Value: Sendable>(
        _ attempt: @autoclosure () -> String,
        _ body: @Sendable (Transactions.Records) throws(LedgerError) -> Value
    ) async throws(PortError) -> Value {
        do {
            return try await transactions.read(body)
        } catch {
            throw PortError(error, attempt: attempt())
        }
    }

    /// - Parameter attempt: what is being done, to which object; said in errors only.
    func write<Value: Sendable>(
        _ attempt: @autoclosure () -> String,
        _ body: @Sendable (inout Transactions.Records) throws(LedgerError) -> Value
    ) async throws(PortError) -> Value {
        do {
            return try await transactions.write(body)
        } catch {
            throw PortError(error, attempt: attempt())
        }
    }
}
