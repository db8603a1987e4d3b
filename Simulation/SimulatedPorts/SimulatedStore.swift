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

    /// Looks at the rows, and at what they must be after all that was done.
    package func compare<Value: Sendable>(_ body: (_ rows: FarmLedger, _ shadow: FarmLedger) -> Value) -> Value {
        transactions.compare(body)
    }

    /// - Parameter tell: brings a notice to whoever reads the stream, now, later or never.
    package func changes(
        _ tell: @escaping @Sendable (AsyncStream<Void>.Continuation) -> Void
    ) -> AsyncStream<Void> { transactions.changes(tell) }

    /// Puts another state in the place of this one, as restoring a backup would. Nobody ordered it: what was done
    /// before stays in the log.
    package func replace(_ ledger: FarmLedger) { transactions.replace(ledger) }

    /// Ends every stream of `changes()`.
    package func close() { transactions.close() }
}

/// Transactions on a `FarmLedger`.
package final class LedgerTransactions: RecordTransactions {
    private struct State {
        var ledger: FarmLedger
        /// The log of what was done, as rows: every operation is done here once more, and nothing else ever is.
        var shadow: FarmLedger
        /// Kept in the order of their numbers, so that waking is deterministic.
        var watchers: [(number: Int, watcher: Watcher)] = []
        var nextWatcher = 0
    }

    private struct Watcher {
        var continuation: AsyncStream<Void>.Continuation
        /// Brings the notice to the watcher.
        var tell: @Sendable (AsyncStream<Void>.Continuation) -> Void
    }

    private let state: Mutex<State>

    init(_ ledger: FarmLedger) { state = Mutex(State(ledger: ledger, shadow: ledger)) }

    func look<Value: Sendable>(_ body: (FarmLedger) -> Value) -> Value { state.withLock { body($0.ledger) } }

    func compare<Value: Sendable>(_ body: (_ rows: FarmLedger, _ shadow: FarmLedger) -> Value) -> Value {
        state.withLock { body($0.ledger, $0.shadow) }
    }

    func replace(_ ledger: FarmLedger) { state.withLock { $0.ledger = ledger } }

    func close() {
        let watchers = state.withLock { state in
            defer { state.watchers = [] }
            return state.watchers
        }
        for (_, watcher) in watchers { watcher.continuation.finish() }
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
            if case .success = result {
                // What succeeded there succeeds here, unless something was lost before.
                _ = Result { () throws(LedgerError) -> Value in try body(&state.shadow) }
            }
            let isChanged = state.ledger.writes != before
            return (result, isChanged ? state.watchers.map(\.watcher) : [])
        }
        for watcher in toWake { watcher.tell(watcher.continuation) }
        return try result.get()
    }

    package func changes() -> AsyncStream<Void> { changes { $0.yield() } }

    func changes(_ tell: @escaping @Sendable (AsyncStream<Void>.Continuation) -> Void) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            state.nextWatcher += 1
            state.watchers.append((state.nextWatcher, Watcher(continuation: continuation, tell: tell)))
            return state.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { state in state.watchers.removeAll { $0.number == number } }
        }
        return stream
    }
}
