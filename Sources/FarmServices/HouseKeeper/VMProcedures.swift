import FarmControl
import FarmModel
import FarmPorts
import TextEncodings

/// Carries out one effect of a VM: short, linear, idempotent, one result. It decides nothing.
struct VMProcedures: Sendable {
    let ports: NodePorts
    let identity: NodeIdentity
    let settings: NodeSettings

    private func owner(_ plan: StartPlan) -> DomainOwner {
        DomainOwner(farm: identity.farm, node: identity.node.id, vm: plan.vm.id, epoch: plan.epoch)
    }

    func perform(_ effect: VMEffect, _ plan: StartPlan) async -> PortOutcome {
        do throws(PortError) {
            switch effect {
            case .build(.disks): return .prepared(try await prepareDisks(plan))
            case .build(.reservation): return try await makeSureOfReservation(plan)
            case .build(let step): try await build(step, plan)
            case .undo(let step): try await undo(step, plan)
            case .ping: try await ports.agent.ping(endpoint(plan))
            case .askPowerOff: try await ports.agent.powerOff(endpoint(plan))
            case .askShutdown: try await ports.hypervisor.shutdown(owner(plan).domain)
            case .begin, .release: preconditionFailure("\(effect) is said to the store, not done on the node")
            }
            return .done
        } catch {
            switch error.effect {
            case .rejected, .unreachable: return .failed(error.description)
            case .outcomeUnknown: return .unknown(error.description)
            }
        }
    }

    private func endpoint(_ plan: StartPlan) -> AgentEndpoint {
        AgentEndpoint(address: plan.vm.address, port: settings.agentPort, secret: plan.secret)
    }

    /// 64 hexadecimal digits (256 random bits).
    func drawSecret() -> AgentSecret {
        AgentSecret(Hexadecimal.text(ports.random.bytes(32)))
    }

    // MARK: Building

    private func build(_ step: StartStep, _ plan: StartPlan) async throws(PortError) {
        switch step {
        case .disks: _ = try await prepareDisks(plan)
        case .tap: try await ports.network.ensureTap(TapName(owner(plan)), mac: plan.vm.mac)
        case .filter: try await ports.filter.apply(rules(plan))
        case .reservation: _ = try await makeSureOfReservation(plan)
        case .secret: try await handSecret(plan)
        case .domain: try await startDomain(plan)
        }
    }

    func rules(_ plan: StartPlan) -> TapRuleSet {
        TapRules.rules(
            tap: TapName(owner(plan)), mac: plan.vm.mac, address: plan.vm.address,
            nodeAddress: identity.node.address, ipv6: settings.ipv6)
    }

    private func prepareDisks(_ plan: StartPlan) async throws(PortError) -> PreparedDisks {
        let attempt = "preparing the disks of VM \(plan.vm.id)"
        guard let image = plan.image else {
            throw PortError(.rejected, .notFound, attempt: attempt, detail: "no image was chosen")
        }
        let storage = try ports.storages.storage(plan.vm.storage, attempt: attempt)
        let facts = try await storage.inspect(imageFile: image.file)
        let overlay = try await storage.prepareOverlay(
            OverlaySpecification(
                vm: plan.vm.id, image: image.id, imageFile: image.file,
                keepsExisting: plan.assignment.osf.keepsOverlay))
        let size = plan.assignment.osf.userDiskSize
        let user = size > Mebibytes(0) ? try await storage.ensureUserDisk(of: plan.vm.id, size: size) : nil
        return PreparedDisks(
            storage: plan.vm.storage, disks: DomainDisks(system: overlay, user: user), directBoot: facts.directBoot)
    }

    /// Every VM of the farm is published whenever the store changes; here it is only made sure of, and that
    /// somebody serves it. DHCP that has just died may be back soon.
    private func makeSureOfReservation(_ plan: StartPlan) async throws(PortError) -> PortOutcome {
        let published = try await ports.addresses.observe()
        if !published.contains(where: { $0.vm == plan.vm.id && $0.address == plan.vm.address }) {
            try await ports.addresses.publish(try await ports.records.reservations())
        }
        guard case .down(let reason) = await ports.addresses.status() else { return .done }
        return .notYet("making sure that DHCP serves VM \(plan.vm.id): the DHCP server is down: \(reason)")
    }

    private func handSecret(_ plan: StartPlan) async throws(PortError) {
        guard let secret = plan.secret else {
            throw PortError(
                .rejected, .invalid, attempt: "handing the agent's secret to VM \(plan.vm.id)",
                detail: "the start was not begun in the store")
        }
        _ = try await ports.secrets.hand(secret, to: plan.vm.id)
    }

    /// A domain of this name that runs already was made late by a call that had not answered: it holds old
    /// disks and an old secret, so that it is refused here and undone.
    private func startDomain(_ plan: StartPlan) async throws(PortError) {
        let specification = try await domain(plan)
        try await ports.hypervisor.define(specification)
        try await ports.hypervisor.create(specification.name)
    }

    private func domain(_ plan: StartPlan) async throws(PortError) -> DomainSpecification {
        let attempt = "defining the domain of VM \(plan.vm.id)"
        guard let prepared = plan.disks else {
            throw PortError(.rejected, .invalid, attempt: attempt, detail: "its disks were not made ready before")
        }
        guard let secretPath = try await ports.secrets.path(of: plan.vm.id) else {
            throw PortError(
                .rejected, .notFound, attempt: attempt, detail: "its secret file has disappeared since it was written")
        }
        let owner = owner(plan)
        return DomainSpecification(
            owner: owner, title: plan.vm.name, memory: plan.vm.intent.reserved.memory,
            virtualCPUs: plan.assignment.osf.cpus ?? settings.virtualCPUs,
            disks: prepared.disks,
            networkPort: NetworkPort(tap: TapName(owner), mac: plan.vm.mac), secretPath: secretPath,
            consolePath: "\(settings.consoleFolder)/\(owner.domain).log",
            kind: .machine(MachineParts(acceleration: settings.acceleration, directBoot: prepared.directBoot)))
    }

    // MARK: Undoing

    func endDomain(_ plan: StartPlan) async throws(PortError) {
        try await ports.hypervisor.destroy(owner(plan).domain)
    }

    private func undo(_ step: StartStep, _ plan: StartPlan) async throws(PortError) {
        switch step {
        case .domain:
            try await ports.hypervisor.destroy(owner(plan).domain)
            try await ports.hypervisor.undefine(owner(plan).domain)
        case .secret: try await ports.secrets.remove(of: plan.vm.id)
        case .reservation: break  // stays: every VM of the farm has one, running or not
        case .filter: try await ports.filter.remove(TapName(owner(plan)))
        case .tap: try await ports.network.removeTap(TapName(owner(plan)))
        case .disks:
            if !plan.assignment.osf.keepsOverlay {
                // Where its storage is not, it has nothing.
                try await ports.storages[plan.vm.storage]?.removeOverlays(of: plan.vm.id)
            }
        }
    }

    func collect(_ leftover: Leftover) async throws(PortError) {
        switch leftover {
        case .tap(let tap): try await ports.network.removeTap(tap)
        case .filter(let tap): try await ports.filter.remove(tap)
        case .secret(let vm): try await ports.secrets.remove(of: vm)
        case .overlays(let vm): try await ports.storages.removeOverlays(of: vm)
        case .definition(let vm): try await ports.hypervisor.undefine(DomainName(farm: identity.farm, vm: vm))
        case .domain(let vm):
            let name = DomainName(farm: identity.farm, vm: vm)
            try await ports.hypervisor.destroy(name)
            try await ports.hypervisor.undefine(name)
        }
    }
}

extension DomainOwner {
    var domain: DomainName { DomainName(farm: farm, vm: vm) }
}
