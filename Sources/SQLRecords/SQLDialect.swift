/// Where the text for one database must differ from that for another. All other text is for all of them.
package enum SQLDialect: Sendable {
    case sqlite

    /// The numbers of a JSON array, which is the value of the parameter: a query of one column. So one statement asks
    /// for any number of rows.
    func numbers(in parameter: String) -> String {
        switch self {
        case .sqlite: "SELECT value FROM json_each(\(parameter))"
        }
    }
}
