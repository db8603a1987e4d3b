package import FarmModel
import FarmPorts
package import FarmRules

extension SQLRecords {
    private static let counter = "revision"

    package func revision() throws(LedgerError) -> Revision {
        let found = try one(
            "numbers",
            "SELECT coalesce(last, 0), era FROM farm LEFT JOIN numbers ON noun = $1", [SQLValue(Self.counter)]
        ) { columns in Revision(columns.integer(), era: columns.integer()) }
        return found ?? Revision(0)
    }

    package func tell(_ changes: Set<FarmChange>) throws(LedgerError) {
        let number = try nextNumber(of: Self.counter)
        for change in changes {
            try run(
                "INSERT INTO changes (revision, topic, name, vm) VALUES ($1, $2, $3, $4)",
                [
                    SQLValue(number), SQLValue(change.topic.kind), SQLValue(change.topic.name),
                    SQLValue(change.vm ?? Self.noVM),
                ])
        }
        if number % 1000 == 0 {
            try run("DELETE FROM changes WHERE revision <= $1", [SQLValue(number - changesHeld)])
        }
    }

    /// No VM has this number.
    private static let noVM = VMID(0)

    package func changes(afterNumber number: Int64) throws(LedgerError) -> Set<FarmChange> {
        try changes("WHERE revision > $1", [SQLValue(number)])
    }

    package func changes(
        afterNumber number: Int64, of node: NodeID, about vms: [VMID]
    ) throws(LedgerError) -> Set<FarmChange> {
        try changes(
            """
            WHERE revision > $1 AND (topic = 'farm' OR topic = 'node' AND name = $2
                OR vm IN (\(dialect.numbers(in: "$3"))))
            """, [SQLValue(number), SQLValue(node.description), SQLValue(vms)])
    }

    private func changes(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> Set<FarmChange> {
        Set(
            try all("changes", "SELECT DISTINCT vm, topic, name FROM changes \(condition)", values) {
                (columns: inout Columns) throws(PortError) in
                let vm: VMID = columns.id()
                let kind = columns.text()
                let topic = try columns.value { FarmTopic(kind: kind, name: $0) }
                return FarmChange(topic, vm: vm == Self.noVM ? nil : vm)
            })
    }
}

/// A topic is the columns `topic` and `name`.
extension FarmTopic {
    fileprivate init?(kind: String, name: String) {
        switch kind {
        case "node":
            guard let number = Int64(name) else { return nil }
            self = .node(NodeID(number))
        case "router": self = .router(name)
        case "farm": self = .farm
        default: return nil
        }
    }

    fileprivate var kind: String {
        switch self {
        case .node: "node"
        case .router: "router"
        case .farm: "farm"
        }
    }

    fileprivate var name: String {
        switch self {
        case .node(let id): id.description
        case .router(let incarnation): incarnation
        case .farm: ""
        }
    }
}
