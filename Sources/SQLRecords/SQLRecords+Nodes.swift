package import FarmModel
import FarmPorts
package import FarmRules

// Nodes, and the domains without a row that an operator gave up.
extension SQLRecords {
    /// In the order in which `node(_:)` reads them.
    private static let nodeColumns =
        "id, name, address, is_blocked, is_draining, memory_mib, nodes.cpus, state, state_since"

    private static func node(_ columns: inout Columns) throws(PortError) -> Node {
        Node(
            id: columns.id(), name: columns.text(), address: try columns.address(), isBlocked: columns.flag(),
            isDraining: columns.flag(),
            capacity: NodeCapacity(memory: columns.optionalSize(), cpus: columns.optionalCount()),
            state: try columns.choice(), stateSince: columns.time())
    }

    func nodes(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [Node] {
        try all("nodes", "SELECT \(Self.nodeColumns) FROM nodes \(condition)", values) {
            (columns: inout Columns) throws(PortError) in try Self.node(&columns)
        }
    }

    /// The sums are made in the index alone.
    package func nodeLoads() throws(LedgerError) -> [NodeLoad] {
        try all(
            "nodes",
            """
            SELECT \(Self.nodeColumns), coalesce(vms, 0), coalesce(memory, 0), coalesce(taken.cpus, 0)
            FROM nodes LEFT JOIN (
                SELECT node, count(*) AS vms, sum(memory_mib) AS memory, sum(cpus) AS cpus FROM vm_intents
                WHERE node IS NOT NULL GROUP BY node
            ) AS taken ON taken.node = id
            ORDER BY id
            """
        ) { (columns: inout Columns) throws(PortError) in
            NodeLoad(
                node: try Self.node(&columns), vms: columns.count(),
                reserved: Resources(memory: columns.size(), cpus: columns.count()))
        }
    }

    package func node(_ id: NodeID) throws(LedgerError) -> Node? { try nodes("WHERE id = $1", [SQLValue(id)]).first }
    package func nodes() throws(LedgerError) -> [Node] { try nodes("ORDER BY id", []) }

    package func put(_ node: Node) throws(LedgerError) {
        try run(
            """
            INSERT INTO nodes (id, name, address, is_blocked, is_draining, memory_mib, cpus, state, state_since)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (id) DO UPDATE
            SET name = excluded.name, address = excluded.address, is_blocked = excluded.is_blocked,
                is_draining = excluded.is_draining, memory_mib = excluded.memory_mib, cpus = excluded.cpus,
                state = excluded.state, state_since = excluded.state_since
            """,
            [
                SQLValue(node.id), SQLValue(node.name), SQLValue(node.address), SQLValue(node.isBlocked),
                SQLValue(node.isDraining), SQLValue(node.capacity.memory), SQLValue(node.capacity.cpus),
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
