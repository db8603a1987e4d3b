import FarmModel

extension FarmRecords {
    /// The command as the audit trail says it: objects with number and name. Password hashes are left out, and so are
    /// the values of properties and configuration, which may be secrets.
    func words(for command: AdministrationCommand) throws(LedgerError) -> String {
        switch command {
        case .addTenant(let name): "add tenant \(quoted(name))"
        case .setTenant(let id, let isBlocked): "\(blocking(isBlocked)) \(try name(id))"
        case .deleteTenant(let id): "delete \(try name(id))"
        case .addUser(let tenant, let login, _): "add user \(quoted(login)) to \(try name(tenant))"
        case .setUser(let id, let hash, let isBlocked):
            changes(of: try name(id), [hash.map { _ in "password" }, isBlocked.map(blockedWord)])
        case .deleteUser(let id): "delete \(try name(id))"
        case .addOSF(let tenant, let name, let memory, let cpus, let disk, let keeps):
            "add OSF \(quoted(name)) to \(try self.name(tenant)) with memory \(memory),"
                + "\(cpus == 0 ? "" : " CPUs \(cpus),") user disk \(disk), overlay \(keeps ? "kept" : "fresh")"
        case .setOSF(let id, let name, let memory, let cpus, let disk, let keeps):
            changes(
                of: try self.name(id),
                [
                    name.map { "name \(quoted($0))" }, memory.map { "memory \($0)" }, cpus.map { "CPUs \($0)" },
                    disk.map { "user disk \($0)" }, keeps.map { "overlay \($0 ? "kept" : "fresh")" },
                ])
        case .deleteOSF(let id): "delete \(try name(id))"
        case .addNode(let name, let address, let memory, let cpus):
            "add node \(quoted(name)) at \(address)\(memory.count == 0 ? "" : ", memory \(memory)")"
                + (cpus == 0 ? "" : ", CPUs \(cpus)")
        case .setNode(let id, let isBlocked?, nil, nil): "\(blocking(isBlocked)) \(try name(id))"
        case .setNode(let id, let isBlocked, let memory, let cpus):
            changes(
                of: try name(id),
                [isBlocked.map(blockedWord), memory.map { "memory \($0)" }, cpus.map { "CPUs \($0)" }])
        case .drain(let id): "drain \(try name(id))"
        case .resume(let id): "resume \(try name(id))"
        case .deleteNode(let id): "delete \(try name(id))"
        case .addImage(let osf, let file, let version, _):
            "add image \(quoted(file)) to \(try name(osf))\(version.map { " as version \(quoted($0))" } ?? "")"
        case .setImage(let id, let isBlocked): "\(blocking(isBlocked)) \(try name(id))"
        case .tagImage(let id, let tag): "tag \(try name(id)) as \(quoted(tag))"
        case .untagImage(let id, let tag): "take tag \(quoted(tag)) from \(try name(id))"
        case .deleteImage(let id): "delete \(try name(id))"
        case .addVM(let name, let user, let osf, let tag, let address, let storage):
            "add VM \(quoted(name)) of \(try self.name(user)) with \(try self.name(osf)), tag \(quoted(tag))"
                + (address.map { ", address \($0)" } ?? "")
                + (storage == .standard ? "" : ", storage \(storage)")
        case .setVM(let id, let name, let tag, let isBlocked):
            changes(
                of: try self.name(id),
                [name.map { "name \(quoted($0))" }, tag.map { "tag \(quoted($0))" }, isBlocked.map(blockedWord)])
        case .deleteVM(let id, let deletesUserDisk):
            "delete \(try name(id))\(deletesUserDisk ? " with its user disk" : "")"
        case .deleteUserDisk(let disk): "have \(disk) deleted"
        case .startVM(let id, let node?): "start \(try name(id)) on \(try name(node))"
        case .startVM(let id, nil): "start \(try name(id))"
        case .stopVM(let id): "stop \(try name(id))"
        case .abandonDomain(let vm, let node): "abandon the domain of VM \(vm) on \(try name(node))"
        case .setProperty(let owner, let key, _): "set property \(quoted(key)) of \(try name(owner))"
        case .deleteProperty(let owner, let key): "delete property \(quoted(key)) of \(try name(owner))"
        case .setConfiguration(let key, _): "set configuration key \(quoted(key))"
        case .deleteConfiguration(let key): "delete configuration key \(quoted(key))"
        }
    }

    private func blocking(_ isBlocked: Bool) -> String { isBlocked ? "block" : "unblock" }
    private func blockedWord(_ isBlocked: Bool) -> String { isBlocked ? "blocked" : "not blocked" }

    private func changes(of object: String, _ changes: [String?]) -> String {
        let said = changes.compactMap { $0 }
        return "set \(object): \(said.isEmpty ? "nothing" : said.joined(separator: ", "))"
    }

    private func name(_ id: TenantID) throws(LedgerError) -> String { titled("tenant", id, try tenant(id)?.name) }
    private func name(_ id: OSFID) throws(LedgerError) -> String { titled("OSF", id, try osf(id)?.name) }
    func name(_ id: NodeID) throws(LedgerError) -> String { titled("node", id, try node(id)?.name) }
    private func name(_ id: VMID) throws(LedgerError) -> String { titled("VM", id, try vm(id)?.name) }

    private func name(_ id: UserID) throws(LedgerError) -> String {
        guard let user = try user(id) else { return titled("user", id, nil) }
        return titled("user", id, try title(of: user))
    }

    private func name(_ id: ImageID) throws(LedgerError) -> String {
        guard let image = try image(id) else { return titled("image", id, nil) }
        return try title(of: image)
    }

    private func name(_ owner: PropertyOwner) throws(LedgerError) -> String {
        switch owner {
        case .osf(let id): try name(id)
        case .image(let id): try name(id)
        case .user(let id): try name(id)
        case .vm(let id): try name(id)
        case .node(let id): try name(id)
        }
    }

    private func titled<Noun>(_ what: String, _ id: Identifier<Noun>, _ name: String?) -> String {
        name.map { "\(what) \(id) (\($0))" } ?? "\(what) \(id)"
    }
}
