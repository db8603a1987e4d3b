package import FarmModel
package import FarmPorts
import FarmRules

extension FarmStore: StoreChanges {
    package func changes() -> AsyncStream<Void> { transactions.changes() }

    package func changes(after revision: Revision) async throws(PortError) -> FarmChanges {
        try await read("reading what has changed") { records throws(LedgerError) in
            try records.changes(after: revision)
        }
    }
}
