package import FarmModel
package import FarmPorts
import FarmRules

extension FarmStore: NodeRecords {
    package func node(named name: String) async throws(PortError) -> NodeIdentity {
        let row = try await read("looking for node `\(name)`") { records throws(LedgerError) in
            try records.nodeIdentity(named: name)
        }
        return NodeIdentity(farm: row.identity.farm, node: row.node, addressPlan: row.identity.addressPlan)
    }

    package func reportState(of node: NodeID, _ state: NodeState, at time: WallTime) async throws(PortError) {
        try await write("reporting the state of node \(node)") { records throws(LedgerError) in
            try records.reportState(of: node, state, at: time)
        }
    }

    package func desiredState(of node: NodeID, about vms: [VMID]) async throws(PortError) -> DesiredState {
        try await read("reading what is wanted of node \(node)") { records throws(LedgerError) in
            try records.desiredState(of: node, about: vms)
        }
    }

    package func desiredStateChanges(
        of node: NodeID, about vms: [VMID], after revision: Revision
    ) async throws(PortError) -> DesiredStateChanges? {
        try await read("reading what has changed for node \(node)") { records throws(LedgerError) in
            try records.desiredStateChanges(of: node, about: vms, after: revision)
        }
    }

    package func reservations() async throws(PortError) -> [Reservation] {
        try await read("reading the reservations") { records throws(LedgerError) in try records.reservations() }
    }

    package func report(
        _ observation: Observation, of vm: VMID, by node: NodeID, epoch: Epoch
    ) async throws(PortError) {
        try await write("reporting the state of VM \(vm)") { records throws(LedgerError) in
            try records.report(observation, of: vm, by: node, epoch: epoch)
        }
    }

    package func release(
        _ vm: VMID, by node: NodeID, epoch: Epoch, request: Int64, error: String?, at time: WallTime
    ) async throws(PortError) {
        try await write("releasing VM \(vm)") { records throws(LedgerError) in
            try records.release(vm, by: node, epoch: epoch, request: request, error: error, at: time)
        }
    }

    package func begin(
        _ vm: VMID, by node: NodeID, epoch: Epoch, secret: AgentSecret
    ) async throws(PortError) -> Epoch {
        try await write("beginning the start of VM \(vm)") { records throws(LedgerError) in
            try records.begin(vm, by: node, epoch: epoch, secret: secret)
        }
    }
}
