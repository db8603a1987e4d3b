import FarmPorts
import SQLRecords

extension SQLiteConnection {
    /// How often a transaction that could not begin is tried again, each after the connection's busy timeout.
    static let beginRetriesMax = 4

    /// Everything `body` reads is of one moment.
    func readTransaction<Value, Failure: Error>(
        _ body: () throws(Failure) -> Value, _ wrap: (PortError) -> Failure
    ) throws(Failure) -> Value {
        try transaction("BEGIN", body, wrap)
    }

    /// All of `body` or none of it. Takes the write lock at once, so that it cannot fail for it half-way.
    func writeTransaction<Value, Failure: Error>(
        _ body: () throws(Failure) -> Value, _ wrap: (PortError) -> Failure
    ) throws(Failure) -> Value {
        try transaction("BEGIN IMMEDIATE", body, wrap)
    }

    private func transaction<Value, Failure: Error>(
        _ begin: String, _ body: () throws(Failure) -> Value, _ wrap: (PortError) -> Failure
    ) throws(Failure) -> Value {
        do { try self.begin(begin) } catch { throw wrap(error) }
        let value: Value
        do {
            value = try body()
        } catch {
            rollBack()
            throw error
        }
        do {
            try run("COMMIT")
        } catch {
            rollBack()
            throw wrap(error)
        }
        return value
    }

    private func begin(_ sql: String) throws(PortError) {
        var tries = 0
        while true {
            do {
                return try run(sql)
            } catch {
                guard error.reason == .busy, tries < Self.beginRetriesMax else { throw error }
                tries += 1
            }
        }
    }

    private func rollBack() {
        guard isInTransaction else { return }
        // A rollback that fails leaves the connection inside its transaction; the next BEGIN says so, and nothing of
        // this one can become visible, because it was never committed.
        do { try run("ROLLBACK") } catch {}
    }
}
