package import FarmModel
import FarmPorts
package import FarmRules

// What is wanted of VMs and what is, each written by a statement of its own, and the secrets of their agents.
extension SQLRecords {
    package func vms(assignedTo node: NodeID) throws(LedgerError) -> [VirtualMachine] {
        try vms("WHERE vm_intents.node = $1 ORDER BY vms.id", [SQLValue(node)])
    }

    package func assignmentRows(of node: NodeID) throws(LedgerError) -> [AssignmentRow] {
        try assignmentRows("WHERE vm_intents.node = $1", [SQLValue(node)])
    }

    package func assignmentRows(of vms: [VMID], notOn node: NodeID?) throws(LedgerError) -> [AssignmentRow] {
        let isAmong = "vms.id IN (\(dialect.numbers(in: "$1")))"
        guard let node else { return try assignmentRows("WHERE \(isAmong)", [SQLValue(vms)]) }
        return try assignmentRows(
            "WHERE \(isAmong) AND (vm_intents.node IS NULL OR vm_intents.node <> $2)", [SQLValue(vms), SQLValue(node)])
    }

    private func assignmentRows(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [AssignmentRow] {
        try all(
            "vms",
            """
            SELECT \(Self.vmColumns), users.login, vm_secrets.secret
            FROM \(Self.vmTables) JOIN users ON users.id = vms.user_id LEFT JOIN vm_secrets ON vm_secrets.vm = vms.id
            \(condition) ORDER BY vms.id
            """, values
        ) { (columns: inout Columns) throws(PortError) in
            AssignmentRow(
                vm: try Self.vm(&columns), login: columns.text(), secret: columns.optionalText().map { AgentSecret($0) }
            )
        }
    }

    package func put(_ intent: Intent, of vm: VMID) throws(LedgerError) {
        try run(
            """
            UPDATE vm_intents SET wanted = $1, node = $2, epoch = $3, era = $4, has_begun = $5, memory_mib = $6,
                cpus = $7, request = $8, requested_by = $9
            WHERE vm = $10
            """, values(intent) + [SQLValue(vm)])
    }

    package func put(_ observation: Observation, of vm: VMID) throws(LedgerError) {
        try run(
            """
            UPDATE vm_observations SET state = $1, since = $2, detail = $3, last_error = $4, image = $5 WHERE vm = $6
            """, values(observation) + [SQLValue(vm)])
    }

    /// In the order of the statements above.
    func values(_ intent: Intent) -> [SQLValue] {
        [
            SQLValue(intent.wanted.rawValue), SQLValue(intent.node), SQLValue(intent.epoch.number),
            SQLValue(intent.epoch.era), SQLValue(intent.hasBegun), SQLValue(intent.reserved.memory),
            SQLValue(intent.reserved.cpus), SQLValue(intent.request), SQLValue(intent.requestedBy),
        ]
    }

    func values(_ observation: Observation) -> [SQLValue] {
        [
            SQLValue(observation.state.rawValue), SQLValue(observation.since), SQLValue(observation.detail),
            SQLValue(observation.lastError), SQLValue(observation.image),
        ]
    }

    package func secret(of vm: VMID) throws(LedgerError) -> AgentSecret? {
        try one("vm_secrets", "SELECT secret FROM vm_secrets WHERE vm = $1", [SQLValue(vm)]) { columns in
            AgentSecret(columns.text())
        }
    }

    package func put(secret: AgentSecret?, of vm: VMID) throws(LedgerError) {
        guard let secret else { return try run("DELETE FROM vm_secrets WHERE vm = $1", [SQLValue(vm)]) }
        try run(
            """
            INSERT INTO vm_secrets (vm, secret) VALUES ($1, $2)
            ON CONFLICT (vm) DO UPDATE SET secret = excluded.secret
            """, [SQLValue(vm), SQLValue(secret.text)])
    }
}
