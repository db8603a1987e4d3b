package import FarmModel
import FarmPorts
package import FarmRules

// Nodes, and the domains without a row that an operator gave up.
extension SQLRecords {
    func nodes(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [Node] {
        try all(
            "nodes", "SELECT id, name, address, is_blocked, state, state_since FROM nodes \(condition)", values
        ) { (columns: inout Columns) throws(PortError) in
            Node(
                id: columns.id(), name: columns.text(), address: try columns.address(), isBlocked: columns.flag(),
                state: try columns.choice(), stateSince: columns.time())
        }
    }

    package func node(_ id: NodeID) throws(LedgerError) -> Node? { try nodes("WHERE id = $1", [SQLValue(id)]).first }
    package func nodes() throws(LedgerError) -> [Node] { try nodes("ORDER BY id", []) }

    package func put(_ node: Node) throws(LedgerError) {
        try run(
            """
            INSERT INTO nodes (id, name, address, is_blocked, state, state_since) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (id) DO UPDATE
            SET name = excluded.name, address = excluded.address, is_blocked = excluded.is_blocked,
                state = excluded.state, state_since = excluded.state_since
            """,
            [
                SQLValue(node.id), SQLValue(node.name), SQLValue(node.address), SQLValue(node.isBlocked),
                SQLValue(node.state.rawValue), SQLValue(node.stateSince),
            ])
    }

    package func remove(_ node: NodeID) throws(LedgerError) {
        try run("DELETE FROM nodes WHERE id = $1", [SQLValue(node)])
    }

    package func abandonedDomains(on node: NodeID) throws(LedgerError) -> [VMID] {
        try all(
            "abandoned_domains", "SELECT vm FROM abandoned_domains WHERE node = $1 ORDER BY vm", [SQLValue(node)]
        ) { columns in columns.id() }
    }

    package func abandon(_ vm: VMID, on node: NodeID) throws(LedgerError) {
        try run(
            "INSERT INTO abandoned_domains (node, vm) VALUES ($1, $2) ON CONFLICT (node, vm) DO NOTHING",
            [SQLValue(node), SQLValue(vm)])
    }

    package func forgetAbandonedDomain(of vm: VMID, on node: NodeID) throws(LedgerError) {
        try run("DELETE FROM abandoned_domains WHERE node = $1 AND vm = $2", [SQLValue(node), SQLValue(vm)])
    }

    package func forgetAbandonedDomains(on node: NodeID) throws(LedgerError) {
        try run("DELETE FROM abandoned_domains WHERE node = $1", [SQLValue(node)])
    }
}
