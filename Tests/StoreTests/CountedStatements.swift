import FarmPorts
import SQLRecords

/// Passes statements on and counts them and the rows that they return.
final class CountedStatements: Statements {
    private let base: any Statements
    private let count: CostCount
    /// Each text that was run.
    private(set) var texts: Set<String> = []

    init(_ base: any Statements, _ count: CostCount) {
        self.base = base
        self.count = count
    }

    var dialect: SQLDialect { base.dialect }

    func query(
        _ sql: String, _ values: [SQLValue], _ row: (any SQLRow) throws(PortError) -> Void
    ) throws(PortError) {
        texts.insert(sql)
        count.cost.calls += 1
        var rows = 0
        try base.query(sql, values) { (found: any SQLRow) throws(PortError) in
            rows += 1
            try row(found)
        }
        count.cost.rows += rows
    }
}

/// What operations on the rows cost: statements, or calls on the rows in memory, and the rows that came back.
struct StoreCost: Hashable, CustomStringConvertible {
    var calls = 0
    var rows = 0

    var description: String { "\(calls) calls, \(rows) rows" }
}

/// Shared by whoever counts and whoever reads the count.
final class CostCount {
    var cost = StoreCost()
}
