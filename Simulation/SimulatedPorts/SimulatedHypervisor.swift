package import FarmModel
package import FarmPorts
import Simulator

/// Domains in memory. It refuses what libvirt and the emulator refuse: a second start, a missing disk, a tap that is
/// not there or is held by another domain, more memory than the node has.
package struct SimulatedHypervisor: Hypervisor {
    let host: SimulatedHost
    let gate: PortGate

    package func define(_ specification: DomainSpecification) async throws(PortError) {
        let host = self.host
        try await gate.call(
            .defineDomain, vm: specification.owner.vm, attempt: "defining domain \(specification.name)"
        ) { () throws(PortError) in
            try Self.checkThatItCanBe(specification)
            host.change(.definitions) { truth in
                if truth.domains[specification.name] != nil {
                    truth.domains[specification.name]!.specification = specification
                } else {
                    truth.domains[specification.name] = SimulatedDomain(specification)
                }
            }
        }
    }

    /// Refuses what the real hypervisor can make no domain of.
    private static func checkThatItCanBe(_ specification: DomainSpecification) throws(PortError) {
        func invalid(_ detail: String) -> PortError {
            PortError(.rejected, .invalid, attempt: "defining domain \(specification.name)", detail: detail)
        }
        guard case .machine = specification.kind else { throw invalid("it is a container, and these are machines") }
        for disk in specification.disks.all {
            if case .directory(let path) = disk { throw invalid("the directory \(path) is no disk of a machine") }
            guard disk.path.hasPrefix("/") else { throw invalid("the path \(disk.path) is not absolute") }
        }
        guard specification.memory.count > 0, specification.virtualCPUs > 0 else {
            throw invalid("memory \(specification.memory) and \(specification.virtualCPUs) CPUs")
        }
    }

    package func create(_ domain: DomainName) async throws(PortError) {
        let host = self.host
        try await gate.call(.createDomain, vm: vm(of: domain), attempt: "starting domain \(domain)") {
            () throws(PortError) in try host.startDomain(domain)
        }
    }

    package func shutdown(_ domain: DomainName) async throws(PortError) {
        let host = self.host
        let limit = PortOperation.shutdownDomain.timeLimit
        // The request goes through the emulator's monitor; one that is stopped does not answer there.
        let isSilent = try await gate.call(
            .shutdownDomain, vm: vm(of: domain), attempt: "asking domain \(domain) to shut down"
        ) { () throws(PortError) in
            guard let found = host.read({ $0.domains[domain] }), found.isLive else {
                throw PortError(
                    .rejected, .notFound, attempt: "asking domain \(domain) to shut down", detail: "it is not running")
            }
            // A guest that has not come up yet has nobody to hear the button.
            if !found.guest.isHung, found.state != .paused,
                found.guest.phase == .up || found.guest.phase == .startingAgent
            {
                host.guestPowersOff(domain)
            }
            return found.isFrozen
        }
        guard isSilent else { return }
        _ = await gate.simulation.executor.wait(until: gate.simulation.now + limit)
        throw PortError(
            .outcomeUnknown, gate.incarnation.isAlive ? .timedOut : .cancelled,
            attempt: "asking domain \(domain) to shut down",
            detail: "no answer within \(limit / 1_000_000_000) s")
    }

    package func destroy(_ domain: DomainName) async throws(PortError) {
        let host = self.host
        try await gate.call(.destroyDomain, vm: vm(of: domain), attempt: "destroying domain \(domain)") {
            guard host.simulation.mutation != .ignoresDestroy else { return }
            host.endDomain(domain, .destroyed)
        }
    }

    package func undefine(_ domain: DomainName) async throws(PortError) {
        let host = self.host
        try await gate.call(.undefineDomain, vm: vm(of: domain), attempt: "undefining domain \(domain)") {
            () throws(PortError) in
            try host.change(.definitions) { (truth: inout HostState) throws(PortError) in
                guard truth.domains[domain]?.isLive != true else {
                    throw PortError(
                        .rejected, .busy, attempt: "undefining domain \(domain)",
                        detail: "it is live; destroy it first")
                }
                truth.domains[domain] = nil
            }
        }
    }

    package func observe() async throws(PortError) -> [ObservedDomain] {
        let host = self.host
        return try await gate.call(.observeDomains, attempt: "listing domains") {
            let hides = host.simulation.mutation == .hidesDeadDomains
            return host.read { truth in
                truth.domains.map { name, domain in
                    ObservedDomain(
                        name: name, owner: (domain.running ?? domain.specification).owner,
                        state: hides ? .running : domain.state)
                }.sorted { $0.name < $1.name }
            }
        }
    }

    package func events() -> AsyncStream<HypervisorEvent> { host.events(for: gate.incarnation) }

    package func capabilities() async throws(PortError) -> HypervisorCapabilities {
        try await gate.call(.capabilities, attempt: "asking the hypervisor what it can do") {
            HypervisorCapabilities(
                version: "simulated", acceleration: .tcg, accelerationReason: "a simulated node runs no guest code")
        }
    }

    private func vm(of domain: DomainName) -> VMID? { host.read { $0.domains[domain]?.specification.owner.vm } }
}

extension SimulatedHost {
    /// Starts a defined domain, or says why not.
    func startDomain(_ name: DomainName) throws(PortError) {
        let attempt = "starting domain \(name)"
        try change([.domains, .network, .disks], of: VMID(vmNumber(name))) {
            (truth: inout HostState) throws(PortError) in
            guard var domain = truth.domains[name] else {
                throw PortError(.rejected, .notFound, attempt: attempt, detail: "no such domain is defined")
            }
            guard !domain.isLive else {
                throw PortError(.rejected, .alreadyExists, attempt: attempt, detail: "it runs already")
            }
            let wanted = domain.specification
            try Self.checkResources(of: wanted, for: name, in: truth, attempt: attempt)
            truth.network.taps[wanted.networkPort.tap]?.holder = name
            let storage = truth.storageID(ofPath: wanted.disks.system.path)
            truth[storage].locks[wanted.disks.system.path] = LockHolder(node: node, domain: name)
            truth.heldMemory += wanted.memory.count
            domain.state = .running
            domain.running = wanted
            domain.life += 1
            domain.isFrozen = false
            domain.guest = SimulatedGuest()
            domain.guest.phase = .booting
            domain.guest.secret = truth.secrets[wanted.owner.vm]
            domain.guest.neverGetsUp = truth.stuckBoots.remove(wanted.owner.vm) != nil
            truth.domains[name] = domain
        }
        simulation.note(.domainStarted, subject: vmNumber(name), words: "\(name) started")
        applyStartMutations(name)
        announce(.started(name))
        guestStarts(name)
    }

    private static func checkResources(
        of wanted: DomainSpecification, for name: DomainName, in truth: HostState, attempt: String
    ) throws(PortError) {
        let vm = wanted.owner.vm
        let disks = truth[truth.storageID(ofPath: wanted.disks.system.path)]
        guard (disks.overlays[vm] ?? [:]).keys.contains(where: { disks.overlay(vm, $0) == wanted.disks.system }) else {
            throw PortError(.rejected, .notFound, attempt: attempt, detail: "no disk \(wanted.disks.system.path)")
        }
        if let user = wanted.disks.user {
            let disks = truth[truth.storageID(ofPath: user.path)]
            guard disks.userDisks[vm] != nil, user == disks.userDisk(vm) else {
                throw PortError(.rejected, .notFound, attempt: attempt, detail: "no disk \(user.path)")
            }
        }
        if disks.locks[wanted.disks.system.path] != nil {
            throw PortError(
                .rejected, .busy, attempt: attempt, detail: "failed to get write lock on \(wanted.disks.system.path)")
        }
        guard truth.secrets[vm] != nil else {
            throw PortError(.rejected, .notFound, attempt: attempt, detail: "no file \(wanted.secretPath)")
        }
        guard let tap = truth.network.taps[wanted.networkPort.tap] else {
            throw PortError(.rejected, .notFound, attempt: attempt, detail: "no interface \(wanted.networkPort.tap)")
        }
        if let holder = tap.holder, holder != name {
            throw PortError(
                .rejected, .busy, attempt: attempt,
                detail: "\(wanted.networkPort.tap) is held by \(holder) (EBUSY)")
        }
        let held = truth.heldMemory
        guard held + wanted.memory.count <= truth.memory.count else {
            throw PortError(
                .rejected, .limit, attempt: attempt,
                detail: "cannot set up guest memory: Cannot allocate memory"
                    + " (\(wanted.memory) wanted, \(held) MiB held)")
        }
    }

    private func applyStartMutations(_ name: DomainName) {
        guard let mutation = simulation.mutation, let domain = state.domains[name] else { return }
        change { truth in
            switch mutation {
            case .startsTwoDomains:
                var second = domain
                second.name = DomainName(observed: name.text + "-second")
                truth.domains[second.name] = second
            case .startsElsewhereToo:
                for other in segment.hosts where other.node != node {
                    other.change(.domains) { $0.domains[name] = domain }
                }
            case .writesBaseImages:
                let vm = domain.specification.owner.vm
                for overlay in (truth.disks.overlays[vm] ?? [:]).values.map(\.imageFile).sorted() {
                    truth.disks.images[overlay]?.writes += 1
                }
            default: break
            }
        }
    }
}
