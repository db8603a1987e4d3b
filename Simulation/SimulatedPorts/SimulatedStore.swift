package import FarmModel
package import FarmRules
package import FarmStore
import Synchronization

/// The farm's store in memory, at once and without faults. Whoever wants latency or faults puts them in front of it. It
/// outlives the simulated processes that use it, as a database would.
package typealias SimulatedStore = FarmStore<LedgerTransactions>

extension FarmStore where Transactions == LedgerTransactions {
    package init(_ ledger: FarmLedger) { self.init(LedgerTransactions(ledger)) }

    /// A new farm with nothing but the tenant `default`.
    package init(farm: FarmID, addressPlan: AddressPlan) {
        self.init(FarmLedger(farm: farm, addressPlan: addressPlan))
    }

    /// The farm as it is now; for checkers, which look between two steps.
    package var ledger: FarmLedger { look { $0 } }

    /// The ledger's count of writes, without a copy of the ledger.
    package var revision: Int64 { look { $0.writes } }

    /// Looks at the ledger without copying it.
    package func look<Value: Sendable>(_ body: (FarmLedger) -> Value) -> Value { transactions.look(body) }

    /// Puts another state in the place of this one, as restoring a backup would.
    package func replace(_ ledger: FarmLedger) { transactions.replace(ledger) }

    /// Ends every stream of `changes()`.
    package func close() { transactions.close() }
}

/// Transactions on a `FarmLedger`.
package final class LedgerTransactions: RecordTransactions {
    private struct State {
        var ledger: FarmLedger
        /// Kept in the order of their numbers, so that waking is deterministic.
        var watchers: [(number: Int, continuation: AsyncStream<Void>.Continuation)] = []
        var nextWatcher = 0
    }

    private let state: Mutex<State>

    init(_ ledger: FarmLedger) { state = Mutex(State(ledger: ledger)) }

    func look<Value: Sendable>(_ body: (FarmLedger) -> Value) -> Value { state.withLock { body($0.ledger) } }

    func replace(_ ledger: FarmLedger) { state.withLock { $0.ledger = ledger } }

    func close() {
        let watchers = state.withLock { state in
            defer { state.watchers = [] }
            return state.watchers
        }
        for watcher in watchers { watcher.continuation.finish() }
    }

    package func read<Value: Sendable>(
        _ body: @Sendable (FarmLedger) throws(LedgerError) -> Value
    ) throws(LedgerError) -> Value {
        try state.withLock { state in
            Result { () throws(LedgerError) -> Value in try body(state.ledger) }
        }.get()
    }

    /// Rules look before they write: one that throws has changed nothing.
    package func write<Value: Sendable>(
        _ body: @Sendable (inout FarmLedger) throws(LedgerError) -> Value
    ) throws(LedgerError) -> Value {
        let (result, toWake) = state.withLock { state in
            let before = state.ledger.writes
            let result = Result { () throws(LedgerError) -> Value in try body(&state.ledger) }
            let isChanged = state.ledger.writes != before
            return (result, isChanged ? state.watchers.map(\.continuation) : [])
        }
        for continuation in toWake { continuation.yield() }
        return try result.get()
    }

    package func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.nextWatcher += 1
            state.watchers.append((state.nextWatcher, continuation))
            return state.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in state.watchers.removeAll { $0.number == number } }
        }
        return stream
    }
}
