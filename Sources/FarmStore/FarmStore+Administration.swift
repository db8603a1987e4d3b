package import FarmModel
package import FarmPorts
import FarmRules

extension FarmStore: Administration {
    package func apply(
        _ command: AdministrationCommand, by actor: Actor, request: RequestID?, at time: WallTime
    ) async throws(PortError) -> Result<AdministrationResult, AdministrationRefusal> {
        try await write("administering the farm") { records throws(LedgerError) in
            try records.apply(command, by: actor, request: request, at: time)
        }
    }

    package func snapshot() async throws(PortError) -> FarmSnapshot {
        try await read("reading the farm") { records throws(LedgerError) in try records.snapshot() }
    }

    package func abandonedDomains(on node: NodeID) async throws(PortError) -> [VMID] {
        try await read("reading the abandoned domains of node \(node)") { records throws(LedgerError) in
            try records.abandonedDomains(on: node)
        }
    }

    package func audit(limit: Int) async throws(PortError) -> [AuditRecord] {
        try await read("reading the audit trail") { records throws(LedgerError) in try records.audit(limit: limit) }
    }
}
