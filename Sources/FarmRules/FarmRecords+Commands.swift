package import FarmModel

extension FarmRecords {
    /// Carries the command out or refuses it, and appends the audit record either way. A refused command has written
    /// nothing else.
    ///
    /// - Parameter request: if the actor has used this name before, the answer is that of the first time and nothing
    ///   happens, not even an audit record; for another command it is refused.
    /// - Throws: only `.rows`, when the rows cannot be read or written; then the whole transaction is void.
    package mutating func apply(
        _ command: AdministrationCommand, by actor: Actor, request: RequestID? = nil, at time: WallTime
    ) throws(LedgerError) -> CommandAnswer {
        guard let request else { return try carryOut(command, by: actor, request: nil, at: time) }
        if let stored = try answer(to: request, of: actor.description) {
            guard stored.command != command.fingerprint else { return try read(stored, of: request) }
            let refusal = AdministrationRefusal(
                .invalid, .request(request),
                "request \(request) was another command before; give each command a name of its own")
            try append(try auditRecord(of: try words(for: command), .failure(refusal), by: actor, at: time))
            return .failure(refusal)
        }
        let answer = try carryOut(command, by: actor, request: request, at: time)
        let stored = StoredAnswer(command: command.fingerprint, text: AnswerText.text(of: answer))
        try put(stored, to: request, of: actor.description)
        return answer
    }

    private func read(_ stored: StoredAnswer, of request: RequestID) throws(LedgerError) -> CommandAnswer {
        if let answer = AnswerText.answer(in: stored.text) { return answer }
        // It has been carried out, and by a version that says it otherwise: to do it again would be wrong.
        throw .notFound(
            attempt: "reading the answer to request \(request)",
            detail: "another version of QVD answered it in words that this one does not know; look at the audit trail")
    }

    private mutating func carryOut(
        _ command: AdministrationCommand, by actor: Actor, request: RequestID?, at time: WallTime
    ) throws(LedgerError) -> CommandAnswer {
        // Before the command, because afterwards a deleted object has no name any more.
        let action = try words(for: command)
        let result: CommandAnswer
        do {
            try checkRights(of: actor, to: command)
            result = .success(try perform(command, by: actor.description, request: request, at: time))
        } catch {
            guard case .refused(let refusal) = error else { throw error }
            result = .failure(refusal)
        }
        try append(try auditRecord(of: action, result, by: actor, at: time))
        return result
    }

    private func auditRecord(
        of action: String, _ answer: CommandAnswer, by actor: Actor, at time: WallTime
    ) throws(LedgerError) -> AuditRecord {
        let outcome =
            switch answer {
            case .success(.placed(_, on: let node)): "done, on \(try name(node))"
            case .success: "done"
            case .failure(let refusal): "refused: \(refusal.message)"
            }
        return AuditRecord(at: time, actor: actor.description, action: action, outcome: outcome)
    }

    private mutating func perform(
        _ command: AdministrationCommand, by actor: String, request: RequestID?, at time: WallTime
    ) throws(LedgerError) -> AdministrationResult {
        switch command {
        case .addTenant(let name): return .tenant(try addTenant(name: name))
        case .setTenant(let id, let isBlocked): try setTenant(id, isBlocked: isBlocked)
        case .deleteTenant(let id): try deleteTenant(id)
        case .addUser(let tenant, let login, let hash):
            return .user(try addUser(tenant: tenant, login: login, passwordHash: hash))
        case .setUser(let id, let hash, let isBlocked): try setUser(id, passwordHash: hash, isBlocked: isBlocked)
        case .deleteUser(let id): try deleteUser(id)
        case .addOSF(let tenant, let name, let memory, let cpus, let userDiskSize, let keepsOverlay):
            return .osf(
                try addOSF(
                    tenant: tenant, name: name, memory: memory, cpus: cpus, userDiskSize: userDiskSize,
                    keepsOverlay: keepsOverlay))
        case .setOSF(let id, let name, let memory, let cpus, let userDiskSize, let keepsOverlay):
            try setOSF(
                id, name: name, memory: memory, cpus: cpus, userDiskSize: userDiskSize, keepsOverlay: keepsOverlay)
        case .deleteOSF(let id): try deleteOSF(id)
        case .addNode(let name, let address, let memory, let cpus):
            return .node(try addNode(name: name, address: address, memory: memory, cpus: cpus))
        case .setNode(let id, let isBlocked, let memory, let cpus):
            try setNode(id, isBlocked: isBlocked, memory: memory, cpus: cpus)
        case .drain(let id): try setNode(id, isDraining: true)
        case .resume(let id): try setNode(id, isDraining: false)
        case .deleteNode(let id): try deleteNode(id)
        case .addImage(let osf, let file, let version, let day):
            return .image(try addImage(osf: osf, file: file, version: version, day: day))
        case .setImage(let id, let isBlocked): try setImage(id, isBlocked: isBlocked)
        case .tagImage(let id, let tag): try tagImage(id, tag: tag)
        case .untagImage(let id, let tag): try untagImage(id, tag: tag)
        case .deleteImage(let id): try deleteImage(id)
        case .addVM(let name, let user, let osf, let tag, let address, let storage):
            return .vm(
                try addVM(name: name, user: user, osf: osf, tag: tag, address: address, storage: storage))
        case .setVM(let id, let name, let tag, let isBlocked): try setVM(id, name: name, tag: tag, isBlocked: isBlocked)
        case .deleteVM(let id, let deletesUserDisk):
            let storage = try existing(id).storage
            try deleteVM(id)
            guard deletesUserDisk else { break }
            try wishDeletion(of: UserDiskID(vm: id, storage: storage), by: actor, request: request, at: time)
        case .deleteUserDisk(let disk): try wishDeletion(of: disk, by: actor, request: request, at: time)
        case .startVM(let id, let node): return .placed(id, on: try requestStart(id, on: node, by: actor))
        case .stopVM(let id): try requestStop(id, by: actor)
        case .abandonDomain(let vm, let node): try abandonDomain(of: vm, on: node)
        case .setProperty(let owner, let key, let value): try setProperty(key, to: value, of: owner)
        case .deleteProperty(let owner, let key): try deleteProperty(key, of: owner)
        case .setConfiguration(let key, let value): try setConfiguration(key, to: value)
        case .deleteConfiguration(let key): try deleteConfiguration(key)
        }
        return command.changedObject
    }
}

extension AdministrationCommand {
    /// What a command has changed that adds nothing; `.done` when nothing with a number is left to name.
    fileprivate var changedObject: AdministrationResult {
        switch self {
        case .setTenant(let id, _): .tenant(id)
        case .setUser(let id, _, _): .user(id)
        case .setOSF(let id, _, _, _, _, _): .osf(id)
        case .setNode(let id, _, _, _), .drain(let id), .resume(let id): .node(id)
        case .setImage(let id, _), .tagImage(let id, _), .untagImage(let id, _): .image(id)
        case .setVM(let id, _, _, _), .stopVM(let id): .vm(id)
        case .addTenant, .addUser, .addOSF, .addNode, .addImage, .addVM: .done
        case .deleteTenant, .deleteUser, .deleteOSF, .deleteNode, .deleteImage, .deleteVM, .deleteUserDisk: .done
        case .startVM, .abandonDomain, .setProperty, .deleteProperty, .setConfiguration, .deleteConfiguration: .done
        }
    }
}
