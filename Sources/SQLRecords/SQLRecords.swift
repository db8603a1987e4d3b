import FarmModel
import FarmPorts
import FarmRules

/// The farm's rows in an SQL database, inside a transaction that somebody else began. The text is portable; see
/// `Statements`.
package struct SQLRecords: FarmRecords {
    private let statements: any Statements
    var dialect: SQLDialect { statements.dialect }

    package init(statements: any Statements) { self.statements = statements }

    func run(_ sql: String, _ values: [SQLValue] = []) throws(LedgerError) {
        do { try statements.run(sql, values) } catch { throw .rows(error) }
    }

    /// - Parameter table: named when a row cannot be understood.
    func all<Row>(
        _ table: String, _ sql: String, _ values: [SQLValue] = [],
        _ read: (inout Columns) throws(PortError) -> Row
    ) throws(LedgerError) -> [Row] {
        var rows: [Row] = []
        do {
            try statements.query(sql, values) { (row: any SQLRow) throws(PortError) in
                var columns = Columns(row, of: table)
                rows.append(try read(&columns))
            }
        } catch {
            throw .rows(error)
        }
        return rows
    }

    func one<Row>(
        _ table: String, _ sql: String, _ values: [SQLValue],
        _ read: (inout Columns) throws(PortError) -> Row
    ) throws(LedgerError) -> Row? {
        try all(table, sql, values, read).first
    }
}

extension SQLValue {
    init<Noun>(_ id: Identifier<Noun>) { self = .integer(id.rawValue) }
    init<Noun>(_ id: Identifier<Noun>?) { self = id.map { .integer($0.rawValue) } ?? .null }
    init(_ address: IPv4Address) { self = .text(address.description) }
    /// For `SQLDialect.numbers`.
    init<Noun>(_ ids: [Identifier<Noun>]) { self = .text("[\(ids.map(\.description).joined(separator: ","))]") }
    init(_ time: WallTime) { self = .integer(time.seconds) }
    init(_ size: Mebibytes) { self = .integer(Int64(size.count)) }
    init(_ size: Mebibytes?) { self = size.map { .integer(Int64($0.count)) } ?? .null }
    init(_ count: Int?) { self = count.map { .integer(Int64($0)) } ?? .null }
}

extension Columns {
    mutating func id<Noun>() -> Identifier<Noun> { Identifier(integer()) }
    mutating func optionalID<Noun>() -> Identifier<Noun>? { optionalInteger().map { Identifier($0) } }
    mutating func address() throws(PortError) -> IPv4Address { try value(IPv4Address.init) }
    mutating func storage() throws(PortError) -> StorageID { try value(StorageID.init) }
    mutating func time() -> WallTime { WallTime(seconds: integer()) }
    mutating func count() -> Int { Int(integer()) }
    mutating func optionalCount() -> Int? { optionalInteger().map { Int($0) } }
    mutating func size() -> Mebibytes { Mebibytes(count()) }
    mutating func optionalSize() -> Mebibytes? { optionalCount().map { Mebibytes($0) } }

    mutating func choice<Choice: RawRepresentable>() throws(PortError) -> Choice where Choice.RawValue == String {
        try value(Choice.init(rawValue:))
    }
}
