import FarmModel

// Who may do what: each command needs one right, on one object or on the whole farm. Nothing else in the rules asks.
extension FarmRecords {
    /// - Throws: `.refused` with `.notAllowed` when the actor has no right to it.
    func checkRights(of actor: Actor, to command: AdministrationCommand) throws(LedgerError) {
        guard !actor.mayEverything else { return }
        let (right, object) = command.need
        guard actor.may(right, on: try scope(of: object)) else {
            throw .refuse(
                .notAllowed, object.map(AdministrationSubject.object) ?? .noun(right.noun),
                "\(actor) may not \(right.words)\(object.map { " here (\($0))" } ?? " of the whole farm")",
                .askAdministrator)
        }
    }

    private func scope(of object: FarmObject?) throws(LedgerError) -> ActionScope {
        switch object {
        case nil, .node: return .farm
        case .tenant(let id): return ActionScope(tenant: try tenant(id)?.id)
        case .user(let id): return ActionScope(tenant: try user(id)?.tenant)
        case .osf(let id): return ActionScope(tenant: try osf(id)?.tenant)
        case .image(let id):
            guard let image = try image(id) else { return .farm }
            return ActionScope(tenant: try osf(image.osf)?.tenant)
        case .vm(let id):
            guard let vm = try vm(id) else { return .farm }
            return ActionScope(tenant: try user(vm.user)?.tenant, owner: vm.user)
        }
    }
}

extension AdministrationCommand {
    /// The right that it needs, and whose object it is about: nil for what belongs to the whole farm.
    fileprivate var need: (right: Right, object: FarmObject?) {
        switch self {
        // Who is kept to a tenant neither makes tenants nor lets its own back in.
        case .addTenant, .setTenant, .deleteTenant: (.tenants, nil)
        case .addUser(let tenant, _, _): (.users, .tenant(tenant))
        case .setUser(let id, _, _), .deleteUser(let id): (.users, .user(id))
        case .addOSF(let tenant, _, _, _, _, _): (.flavours, .tenant(tenant))
        case .setOSF(let id, _, _, _, _, _), .deleteOSF(let id): (.flavours, .osf(id))
        case .addImage(let osf, _, _, _): (.flavours, .osf(osf))
        case .setImage(let id, _), .tagImage(let id, _), .untagImage(let id, _), .deleteImage(let id):
            (.flavours, .image(id))
        case .addNode: (.nodes, nil)
        case .setNode(let id, _, _, _), .drain(let id), .resume(let id), .deleteNode(let id), .abandonDomain(_, let id):
            (.nodes, .node(id))
        // The OSF is of the user's tenant, or the command is refused anyway.
        case .addVM(_, let user, _, _, _, _): (.desktops, .user(user))
        case .setVM(let id, _, _, _), .deleteVM(let id, _): (.desktops, .vm(id))
        // Nothing says any more whose it was.
        case .deleteUserDisk: (.desktops, nil)
        case .startVM(let id, _), .stopVM(let id): (.power, .vm(id))
        case .setProperty(let owner, _, _), .deleteProperty(let owner, _): (owner.right, owner.object)
        case .setConfiguration, .deleteConfiguration: (.configuration, nil)
        }
    }
}

extension PropertyOwner {
    fileprivate var right: Right {
        switch self {
        case .osf, .image: .flavours
        case .user: .users
        case .vm: .desktops
        case .node: .nodes
        }
    }
}

extension Right {
    fileprivate var noun: FarmNoun {
        switch self {
        case .tenants, .configuration: .tenant
        case .users: .user
        case .flavours: .osf
        case .nodes: .node
        case .desktops, .power: .vm
        }
    }
}
