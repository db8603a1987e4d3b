package import FarmModel
import FarmPorts
package import FarmRules

extension SQLRecords {
    func sessions(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [Session] {
        try all(
            "sessions",
            """
            SELECT vm, router, number, node, router_name, state, peer, since, is_take_over_requested
            FROM sessions \(condition)
            """, values
        ) { (columns: inout Columns) throws(PortError) in
            Session(
                vm: columns.id(), token: SessionToken(router: columns.text(), number: columns.integer()),
                place: RouterPlace(node: columns.optionalID(), name: columns.optionalText()),
                state: try columns.choice(), peer: columns.text(), since: columns.time(),
                isTakeOverRequested: columns.flag())
        }
    }

    package func session(of vm: VMID) throws(LedgerError) -> Session? {
        try sessions("WHERE vm = $1", [SQLValue(vm)]).first
    }

    package func sessions() throws(LedgerError) -> [Session] { try sessions("ORDER BY vm", []) }

    package func sessions(of router: String) throws(LedgerError) -> [Session] {
        try sessions("WHERE router = $1 ORDER BY vm", [SQLValue(router)])
    }

    package func wantedOrConnectingSessions(of router: String) throws(LedgerError) -> [Session] {
        try sessions(
            "WHERE router = $1 AND (is_take_over_requested = 1 OR state = 'connecting') ORDER BY vm",
            [SQLValue(router)])
    }

    package func put(_ session: Session) throws(LedgerError) {
        try run(
            """
            INSERT INTO sessions (vm, router, number, node, router_name, state, peer, since, is_take_over_requested)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (vm) DO UPDATE
            SET router = excluded.router, number = excluded.number, node = excluded.node,
                router_name = excluded.router_name, state = excluded.state, peer = excluded.peer,
                since = excluded.since, is_take_over_requested = excluded.is_take_over_requested
            """,
            [
                SQLValue(session.vm), SQLValue(session.token.router), SQLValue(session.token.number),
                SQLValue(session.place?.node), session.place?.name.map { SQLValue($0) } ?? .null,
                SQLValue(session.state.rawValue), SQLValue(session.peer), SQLValue(session.since),
                SQLValue(session.isTakeOverRequested),
            ])
    }

    package func removeSession(of vm: VMID) throws(LedgerError) {
        try run("DELETE FROM sessions WHERE vm = $1", [SQLValue(vm)])
    }
}

/// A place is the column `node` or the column `router_name`; neither in rows of schema 1.
extension RouterPlace {
    fileprivate init?(node: NodeID?, name: String?) {
        if let node {
            self = .node(node)
        } else if let name {
            self = .standAlone(name)
        } else {
            return nil
        }
    }

    fileprivate var node: NodeID? { if case .node(let node) = self { node } else { nil } }
    fileprivate var name: String? { if case .standAlone(let name) = self { name } else { nil } }
}
