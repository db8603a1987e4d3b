package import FarmModel

// What the router reads of users and their desktops.
extension FarmRecords {
    /// User, tenant and password hash; nil when there is no such user or tenant.
    package func account(_ name: LoginName) throws(LedgerError) -> AccountRow? {
        guard let tenant = try tenant(named: name.tenant), let user = try user(login: name.login, in: tenant.id),
            let hash = try passwordHash(of: user.id)
        else { return nil }
        return AccountRow(user: user, tenant: tenant, passwordHash: hash)
    }

    package func desktop(_ id: VMID) throws(LedgerError) -> DesktopRow? {
        guard let vm = try vm(id) else { return nil }
        var owners: [PropertyOwner] = [.osf(vm.osf)]
        if let image = vm.observation.image { owners.append(.image(image)) }
        owners += [.user(vm.user), .vm(id)]
        var merged: Properties = [:]
        for owner in owners { merged.merge(try properties(of: owner)) { _, later in later } }
        return DesktopRow(
            vm: vm, secret: try secret(of: id), properties: merged, session: try session(of: id))
    }
}

package struct AccountRow: Sendable, Hashable {
    package let user: User
    package let tenant: Tenant
    package let passwordHash: String
}

package struct DesktopRow: Sendable, Hashable {
    package let vm: VirtualMachine
    package let secret: AgentSecret?
    package let properties: Properties
    package let session: Session?
}
