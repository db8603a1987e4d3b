package import FarmModel
package import FarmPorts
import FarmRules

extension FarmStore: NodeStandings {
    package func standing(ofNode name: String) async throws(PortError) -> NodeStanding {
        let row = try await read("looking for node `\(name)`") { records throws(LedgerError) in
            try records.nodeIdentity(named: name)
        }
        return NodeStanding(state: row.node.state, isBlocked: row.node.isBlocked)
    }
}

extension FarmStore: Desktops {
    package func account(_ name: LoginName) async throws(PortError) -> Account? {
        let row = try await read("looking for user \(name)") { records throws(LedgerError) in
            try records.account(name)
        }
        return row.map { Account(user: $0.user, tenant: $0.tenant, passwordHash: $0.passwordHash) }
    }

    package func desktops(of user: UserID) async throws(PortError) -> [VirtualMachine] {
        try await read("reading the VMs of user \(user)") { records throws(LedgerError) in try records.vms(of: user) }
    }

    package func desktop(_ vm: VMID) async throws(PortError) -> DesktopView? {
        let row = try await read("reading VM \(vm)") { records throws(LedgerError) in try records.desktop(vm) }
        return row.map { DesktopView(vm: $0.vm, secret: $0.secret, properties: $0.properties, session: $0.session) }
    }

    package func requestStart(_ vm: VMID, by actor: String) async throws(PortError) -> NodeID {
        try await write("starting VM \(vm)") { records throws(LedgerError) in
            try records.requestStart(vm, by: actor)
        }
    }

    package func requestStop(_ vm: VMID, by actor: String) async throws(PortError) {
        try await write("stopping VM \(vm)") { records throws(LedgerError) in try records.requestStop(vm, by: actor) }
    }
}
