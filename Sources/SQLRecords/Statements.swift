package import FarmPorts

/// The thin port below the SQL text: a connection to some database that prepares, binds and steps. The text keeps to
/// what SQLite and PostgreSQL both understand, with parameters `$1`, `$2`... in the order of their first appearance.
package protocol Statements: AnyObject {
    var dialect: SQLDialect { get }

    /// Runs one statement and hands over each row it returns.
    func query(
        _ sql: String, _ values: [SQLValue], _ row: (any SQLRow) throws(PortError) -> Void
    ) throws(PortError)
}

extension Statements {
    /// Runs one statement that returns no rows.
    package func run(_ sql: String, _ values: [SQLValue] = []) throws(PortError) {
        try query(sql, values) { (_: any SQLRow) throws(PortError) in }
    }

    /// The first column of the first row; nil when there is none.
    package func integer(_ sql: String, _ values: [SQLValue] = []) throws(PortError) -> Int64? {
        var result: Int64?
        try query(sql, values) { (row: any SQLRow) throws(PortError) in result = result ?? row.integer(0) }
        return result
    }

    /// The first column of the first row; nil when there is none.
    package func text(_ sql: String, _ values: [SQLValue] = []) throws(PortError) -> String? {
        var result: String?
        try query(sql, values) { (row: any SQLRow) throws(PortError) in result = result ?? row.text(0) }
        return result
    }
}

/// What a parameter can be. Truth values are the integers 0 and 1, addresses are text.
package enum SQLValue: Hashable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    case null
    case integer(Int64)
    case text(String)

    package init(stringLiteral value: String) { self = .text(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(_ value: Int64) { self = .integer(value) }
    package init(_ value: Int) { self = .integer(Int64(value)) }
    package init(_ value: Bool) { self = .integer(value ? 1 : 0) }
    package init(_ value: String) { self = .text(value) }
    package init(_ value: String?) { self = value.map(SQLValue.text) ?? .null }
    package init(_ value: Int64?) { self = value.map(SQLValue.integer) ?? .null }
}

/// One row, while the statement stands on it. Columns count from 0.
package protocol SQLRow {
    func integer(_ column: Int) -> Int64
    func text(_ column: Int) -> String
    func isNull(_ column: Int) -> Bool
}

/// Reads a row's columns from left to right.
struct Columns {
    private let row: any SQLRow
    private let table: String
    private var column = 0

    init(_ row: any SQLRow, of table: String) {
        self.row = row
        self.table = table
    }

    private mutating func next() -> Int {
        defer { column += 1 }
        return column
    }

    mutating func integer() -> Int64 { row.integer(next()) }
    mutating func flag() -> Bool { row.integer(next()) != 0 }
    mutating func text() -> String { row.text(next()) }

    mutating func optionalInteger() -> Int64? {
        let column = next()
        return row.isNull(column) ? nil : row.integer(column)
    }

    mutating func optionalText() -> String? {
        let column = next()
        return row.isNull(column) ? nil : row.text(column)
    }

    /// - Throws: `.corrupt` when the text does not parse: somebody else wrote this row.
    mutating func value<Value>(_ parse: (String) -> Value?) throws(PortError) -> Value {
        let column = next()
        let text = row.text(column)
        guard let value = parse(text) else {
            throw PortError(
                .rejected, .corrupt, attempt: "reading table \(table)",
                detail: "column \(column) of row \(row.integer(0)) is `\(text)`, which this program never writes;"
                    + " restore the database from a backup")
        }
        return value
    }
}
