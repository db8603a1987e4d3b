import FarmControl
package import FarmModel
package import FarmPorts

/// What administration needs of the world.
package struct AdministrationPorts: Sendable {
    package let commands: any AdministrationCommands
    package let lists: any FarmLists
    package let details: any FarmDetails
    package let clock: any FarmClock
    package let random: any RandomSource

    package init(
        store: some AdministrationCommands & FarmLists & FarmDetails, clock: any FarmClock, random: any RandomSource
    ) {
        commands = store
        lists = store
        details = store
        self.clock = clock
        self.random = random
    }
}

/// The farm as one administrator sees and changes it: what the command line says in text and a page in buttons.
///
/// Everything that is read is kept to what the actor may see; whether a command is allowed is for the store to say. An
/// object that is not found, or a name that is more than one, is an `AdministrationRefusal`, like a refused command.
package struct Administration: Sendable {
    let ports: AdministrationPorts
    package let actor: Actor

    package init(ports: AdministrationPorts, actor: Actor) {
        self.ports = ports
        self.actor = actor
    }

    // MARK: Commands

    /// How often a command is sent whose answer is lost, and how long after the one before.
    private static let attempts = 3
    private static let pause = Duration.milliseconds(200)

    /// Carries the command out, once, also when its answer gets lost on the way.
    ///
    /// - Parameter request: the caller's own name for it, if the caller may send it again; otherwise one is drawn.
    /// - Throws: the refusal, or a `PortError` when the store could not be used.
    @discardableResult
    package func apply(
        _ command: AdministrationCommand, request: RequestID? = nil
    ) async throws -> AdministrationResult {
        let request = request ?? RequestID(bytes: ports.random.bytes(16))
        var attempt = 1
        while true {
            let answer: Result<AdministrationResult, AdministrationRefusal>
            do throws(PortError) {
                answer = try await ports.commands.apply(
                    command, by: actor, request: request, at: ports.clock.wallTime)
            } catch {
                // It may have happened: under the same name it is not done twice.
                guard error.effect == .outcomeUnknown, attempt < Self.attempts else { throw error }
                attempt += 1
                try await ports.clock.sleep(for: Self.pause)
                continue
            }
            return try answer.get()
        }
    }

    // MARK: Objects by name

    package func tenant(_ text: String) async throws -> TenantListing {
        let id = TenantID(try await number(of: .tenant, text))
        return try await one(.tenant, text, tenants(TenantFilter(id: id), ListPage(limit: 1)))
    }

    package func user(_ text: String) async throws -> UserListing {
        let id = UserID(try await number(of: .user, text))
        return try await one(.user, text, users(UserFilter(id: id), ListPage(limit: 1)))
    }

    package func osf(_ text: String) async throws -> OSFListing {
        let id = OSFID(try await number(of: .osf, text))
        return try await one(.osf, text, osfs(OSFFilter(id: id), ListPage(limit: 1)))
    }

    package func image(_ text: String) async throws -> ImageListing {
        let id = ImageID(try await number(of: .image, text))
        return try await one(.image, text, images(ImageFilter(id: id), ListPage(limit: 1)))
    }

    package func node(_ text: String) async throws -> NodeListing {
        let id = NodeID(try await number(of: .node, text))
        return try await one(.node, text, nodes(NodeFilter(id: id), ListPage(limit: 1)))
    }

    package func vm(_ text: String) async throws -> VMListing {
        let id = VMID(try await number(of: .vm, text))
        return try await one(.vm, text, vms(VMFilter(id: id), ListPage(limit: 1)))
    }

    private func number(of noun: FarmNoun, _ text: String) async throws -> Int64 {
        let found = try await ports.lists.find(noun, text, in: try tenantInView(of: noun))
        guard let first = found.first else { throw missing(noun, text) }
        guard found.count == 1 else {
            throw AdministrationRefusal(
                .ambiguous, .noun(noun), "`\(text)` is more than one \(noun.words)", [.choose(found)])
        }
        return first.number
    }

    private func one<Row>(_ noun: FarmNoun, _ text: String, _ rows: [Row]) throws -> Row {
        // It may have gone between the two readings.
        guard let row = rows.first else { throw missing(noun, text) }
        return row
    }

    private func missing(_ noun: FarmNoun, _ text: String) -> AdministrationRefusal {
        AdministrationRefusal(.notFound, .noun(noun), "there is no \(noun.words) `\(text)`", [.list(noun)])
    }

    // MARK: What the actor may see

    /// The tenant that the actor is kept to; nil for the whole farm.
    ///
    /// - Throws: `.notAllowed` for what the actor sees nothing of.
    func tenantInView(of noun: FarmNoun) throws -> TenantID? {
        switch actor {
        case .console, .system, .administrator(_, nil, _): return nil
        case .administrator(_, let tenant?, _):
            if noun == .node { throw notInView("nodes") }
            return tenant
        case .user:
            throw notInView("the \(noun.words)s of the farm")
        }
    }

    /// - Throws: `.notAllowed` for an actor who does not see the whole farm.
    func checkWholeFarm(_ what: String) throws {
        switch actor {
        case .console, .system, .administrator(_, nil, _): return
        case .administrator, .user: throw notInView(what)
        }
    }

    private func notInView(_ what: String) -> AdministrationRefusal {
        AdministrationRefusal(.notAllowed, .noun(.tenant), "\(actor) may not see \(what)", [.askAdministrator])
    }
}
