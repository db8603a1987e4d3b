package import FarmModel
import FarmPorts
package import FarmRules

// VMs, each with its intent and observation.
extension SQLRecords {
    /// In the order in which `vm(_:)` reads them.
    static let vmColumns = """
        vms.id, vms.name, vms.user_id, vms.osf, vms.tag, vms.address, vms.storage, vms.is_blocked,
            wanted, vm_intents.node, epoch, era, has_begun, memory_mib, cpus, request, requested_by,
            state, since, detail, last_error, vm_observations.image
        """
    static let vmTables = """
        vms JOIN vm_intents ON vm_intents.vm = vms.id JOIN vm_observations ON vm_observations.vm = vms.id
        """

    static func vm(_ columns: inout Columns) throws(PortError) -> VirtualMachine {
        VirtualMachine(
            id: columns.id(), name: columns.text(), user: columns.id(), osf: columns.id(), tag: columns.text(),
            address: try columns.address(), storage: try columns.storage(), isBlocked: columns.flag(),
            intent: Intent(
                wanted: try columns.choice(), node: columns.optionalID(),
                epoch: Epoch(columns.integer(), era: columns.integer()), hasBegun: columns.flag(),
                reserved: Resources(memory: columns.size(), cpus: columns.count()), request: columns.integer(),
                requestedBy: columns.text()),
            observation: Observation(
                state: try columns.choice(), since: columns.time(), detail: columns.text(),
                lastError: columns.optionalText(), image: columns.optionalID()))
    }

    func vms(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [VirtualMachine] {
        try all("vms", "SELECT \(Self.vmColumns) FROM \(Self.vmTables) \(condition)", values) {
            (columns: inout Columns) throws(PortError) in try Self.vm(&columns)
        }
    }

    package func vm(_ id: VMID) throws(LedgerError) -> VirtualMachine? {
        try vms("WHERE vms.id = $1", [SQLValue(id)]).first
    }
    package func vms() throws(LedgerError) -> [VirtualMachine] { try vms("ORDER BY vms.id", []) }

    package func vms(of user: UserID) throws(LedgerError) -> [VirtualMachine] {
        try vms("WHERE vms.user_id = $1 ORDER BY vms.id", [SQLValue(user)])
    }

    package func vms(of osf: OSFID) throws(LedgerError) -> [VirtualMachine] {
        try vms("WHERE vms.osf = $1 ORDER BY vms.id", [SQLValue(osf)])
    }

    package func addressesTaken() throws(LedgerError) -> Set<IPv4Address> {
        Set(
            try all("vms", "SELECT address FROM vms") { (columns: inout Columns) throws(PortError) in
                try columns.address()
            })
    }

    package func put(_ vm: VirtualMachine) throws(LedgerError) {
        try run(
            """
            INSERT INTO vms (id, name, user_id, osf, tag, address, storage, is_blocked)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (id) DO UPDATE SET
                name = excluded.name, tag = excluded.tag, is_blocked = excluded.is_blocked
            """,
            [
                SQLValue(vm.id), SQLValue(vm.name), SQLValue(vm.user), SQLValue(vm.osf), SQLValue(vm.tag),
                SQLValue(vm.address), SQLValue(vm.storage.text), SQLValue(vm.isBlocked),
            ])
        try run(
            """
            INSERT INTO vm_intents
                (vm, wanted, node, epoch, era, has_begun, memory_mib, cpus, request, requested_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (vm) DO NOTHING
            """, [SQLValue(vm.id)] + values(vm.intent))
        try run(
            """
            INSERT INTO vm_observations (vm, state, since, detail, last_error, image)
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (vm) DO NOTHING
            """, [SQLValue(vm.id)] + values(vm.observation))
    }

    package func remove(_ vm: VMID) throws(LedgerError) {
        try run("DELETE FROM vms WHERE id = $1", [SQLValue(vm)])
    }
}
