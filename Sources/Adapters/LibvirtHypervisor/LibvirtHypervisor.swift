package import FarmModel
package import FarmPorts

/// Domains of QEMU through libvirt's C interface. Calls go through slots (see `LibvirtSlots`), each a thread
/// with a connection of its own, and never block the cooperative pool.
package final class LibvirtHypervisor: Hypervisor {
    private let emulator: String
    private let limits: LibvirtLimits
    private let slots: LibvirtSlots
    private let lifeCycle: LibvirtEvents
    private let probe: AccelerationProbe

    /// Connects when it is first used, and again whenever libvirtd comes back.
    ///
    /// - Parameters:
    ///   - uri: as in libvirt's documentation, `qemu:///system` or `qemu:///system?socket=PATH`.
    ///   - emulator: absolute path, used for domains and for the probe of KVM.
    package init(
        uri: String = "qemu:///system", emulator: String = "/usr/bin/qemu-system-x86_64",
        limits: LibvirtLimits = LibvirtLimits()
    ) {
        self.emulator = emulator
        self.limits = limits
        slots = LibvirtSlots(uri: uri, limits: limits)
        lifeCycle = LibvirtEvents(uri: uri)
        probe = AccelerationProbe(emulator: emulator)
    }

    deinit {
        slots.close()
        lifeCycle.end()
    }

    package func define(_ specification: DomainSpecification) async throws(PortError) {
        let xml = try DomainDocument(specification: specification, emulator: emulator).xml()
        try await slots.call("defining domain \(specification.name)", limit: limits.call) {
            calls throws(LibvirtFailure) in try calls.define(xml)
        }
    }

    package func create(_ domain: DomainName) async throws(PortError) {
        let attempt = "starting domain \(domain)"
        let isDefined = try await slots.call(attempt, limit: limits.create, invalidOperation: .alreadyExists) {
            calls throws(LibvirtFailure) in try calls.create(domain)
        }
        if !isDefined { throw notDefined(attempt) }
    }

    package func shutdown(_ domain: DomainName) async throws(PortError) {
        let attempt = "asking domain \(domain) to power off"
        let isDefined = try await slots.call(attempt, limit: limits.call, invalidOperation: .notFound) {
            calls throws(LibvirtFailure) in try calls.shutdown(domain)
        }
        if !isDefined { throw notDefined(attempt) }
    }

    package func destroy(_ domain: DomainName) async throws(PortError) {
        let attempt = "destroying domain \(domain)"
        let isGone = try await slots.call(attempt, limit: limits.destroy) { calls throws(LibvirtFailure) in
            try calls.destroy(domain)
        }
        guard isGone else {
            throw PortError(
                .outcomeUnknown, .busy, attempt: attempt, detail: "libvirt ended it, and it is live (again)")
        }
    }

    package func undefine(_ domain: DomainName) async throws(PortError) {
        let attempt = "removing the definition of domain \(domain)"
        let isDone = try await slots.call(attempt, limit: limits.call) { calls throws(LibvirtFailure) in
            try calls.undefine(domain)
        }
        guard isDone else {
            throw PortError(.rejected, .busy, attempt: attempt, detail: "it is live; destroy it first")
        }
    }

    package func observe() async throws(PortError) -> [ObservedDomain] {
        try await slots.call("listing domains", limit: limits.call) { calls throws(LibvirtFailure) in
            try calls.observe()
        }
    }

    /// Begins with `connectionRestored`, or with `connectionLost` when there is no connection at this moment.
    package func events() -> AsyncStream<HypervisorEvent> { lifeCycle.listen() }

    package func capabilities() async throws(PortError) -> HypervisorCapabilities {
        let version = try await slots.call("asking libvirt for its version", limit: limits.call) {
            calls throws(LibvirtFailure) in try calls.version()
        }
        let verdict = await probe.verdict()
        return HypervisorCapabilities(
            version: version, acceleration: verdict.acceleration, accelerationReason: verdict.reason)
    }

    /// Who emulators are on this node.
    package func confinement() async throws(PortError) -> EmulatorConfinement {
        let document = try await slots.call("asking libvirt how it confines emulators", limit: limits.call) {
            calls throws(LibvirtFailure) in try calls.capabilities()
        }
        return EmulatorConfinement(capabilities: document)
    }

    private func notDefined(_ attempt: String) -> PortError {
        PortError(.rejected, .notFound, attempt: attempt, detail: "no domain of this name is defined")
    }
}
