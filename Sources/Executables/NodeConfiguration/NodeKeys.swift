/// Every key that `node.conf` may hold. Keys of the original system keep their names; those marked "own" have no
/// counterpart there. A key is declared once, in this table or in one of its groups: whoever holds a
/// `NodeConfiguration` reads its value under the same name.
package struct NodeKeys: Sendable {
    static let table = NodeKeys()

    package let nodeName = ConfigurationKey<String>(
        "nodename", default: nil, "this node's name in the farm; the machine's host name unless given",
        expected: "a name", whenAbsent: machineName()
    ) { $0 }
    package let logLevel = ConfigurationKey<LogLevel>.choice(
        "log.level", default: "info", "trace, debug, info, notice, warning, error or critical")
    package let databaseGroup = ConfigurationKey.text(
        "database.group", default: "qvd", "own: group that may use the database; the router runs with it",
        expected: "the name of a group")

    package let paths = PathKeys()
    package let router = RouterKeys()
    package let network = NetworkKeys()
    package let hypervisor = HypervisorKeys()
    package let houseKeeper = HouseKeeperKeys()
    package let commands = CommandKeys()
}

package enum LogLevel: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

/// A part of the table of keys.
package protocol ConfigurationKeyGroup: Sendable {}

extension NodeKeys {
    /// All keys, in the order of their declarations.
    package static let all = entries(of: table)

    private static func entries(of group: Any) -> [any ConfigurationEntry] {
        Mirror(reflecting: group).children.flatMap { child -> [any ConfigurationEntry] in
            if let key = child.value as? any ConfigurationEntry { return [key] }
            return child.value is any ConfigurationKeyGroup ? entries(of: child.value) : []
        }
    }

    /// The key of that name.
    static func named(_ name: String) -> (any ConfigurationEntry)? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })

    /// The name of a key that is nearest to `text`.
    static func nearest(to text: String) -> String {
        all.map { (distance: editDistance(text, $0.name), name: $0.name) }.min { $0.distance < $1.distance }?.name ?? ""
    }
}

/// How many characters must be put in, taken out or exchanged to make one text of the other.
private func editDistance(_ left: String, _ right: String) -> Int {
    let columns = Array(right.utf8)
    var previous = Array(0...columns.count)
    for (row, byte) in left.utf8.enumerated() {
        var current = [row + 1]
        for (column, other) in columns.enumerated() {
            let exchanged = previous[column] + (byte == other ? 0 : 1)
            current.append(min(exchanged, previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[columns.count]
}
