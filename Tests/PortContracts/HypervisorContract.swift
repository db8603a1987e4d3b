package import FarmModel
package import FarmPorts

/// What a hypervisor's contract suite needs around the port: the resources that domains name, and hands that
/// do from outside what guests, operators and accidents do.
package protocol HypervisorFixture: Sendable {
    associatedtype Port: Hypervisor

    var port: Port { get }
    /// For time limits of the suite.
    var clock: any FarmClock { get }
    /// How long anything that must happen may take here.
    var patience: Duration { get }

    /// A specification whose overlay, tap and secret file exist and whose guest powers itself off when asked
    /// to (ACPI). Called again for the same VM it names the same resources. VM numbers are 1 to 99.
    func specification(of vm: VMID, epoch: Epoch) async throws -> DomainSpecification
    /// Returns when the guest of a running domain would obey a request to power off.
    func guestIsReady(_ domain: DomainName) async throws
    /// Kills the emulator as `kill -9` does.
    func killEmulator(_ domain: DomainName) async throws
    /// Stops the emulator from running, without ending it, as SIGSTOP does: it answers nothing.
    func freezeEmulator(_ domain: DomainName) async throws
    func thawEmulator(_ domain: DomainName) async throws
    /// The hypervisor pauses a domain, as when a write finds the storage full; or lets it go on.
    func pause(_ domain: DomainName) async throws
    func resume(_ domain: DomainName) async throws
    /// Ends the hypervisor's daemon as `kill -9` does; domains run on. It is away until `startDaemon`.
    func endDaemon() async throws
    func startDaemon() async throws
    /// The node loses its power and boots.
    func losePower() async throws
}

/// The promises of `Hypervisor`. Each check uses VMs of its own and cleans up what it made.
package struct HypervisorContract<Fixture: HypervisorFixture>: Sendable {
    let fixture: Fixture
    var port: Fixture.Port { fixture.port }

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        definitionChecks + lifeChecks + eventChecks + accidentChecks + [
            ContractCheck("calls about one VM do not wait behind a hung one") {
                try await frozenVMStopsNobody()
            },
            ContractCheck("capabilities are told") { try await capabilitiesAreTold() },
        ]
    }

    func frozenVMStopsNobody() async throws {
        let hung = try await started(VMID(31))
        try await fixture.guestIsReady(hung)
        try await fixture.freezeEmulator(hung)
        let limit = fixture.clock.now.advanced(by: fixture.patience)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let error = try await requireFailure(
                    .outcomeUnknown, .timedOut, "shutdown of a VM whose emulator answers nothing",
                    of: { () async throws(PortError) in try await port.shutdown(hung) })
                try require(
                    error.description.contains(hung.text), "the error does not name \(hung): \(error)")
            }
            group.addTask {
                let other = try await started(VMID(32))
                let states = try await port.observe()
                try require(
                    states.contains { $0.name == hung && $0.isLive },
                    "a hung VM is still observed as live")
                try await port.destroy(other)
                try await port.undefine(other)
            }
            try await group.waitForAll()
        }
        try require(fixture.clock.now < limit, "all this took longer than \(fixture.patience)")
        try await fixture.thawEmulator(hung)
        try await remove(hung)
    }

    func capabilitiesAreTold() async throws {
        let capabilities = try await port.capabilities()
        try require(!capabilities.version.isEmpty, "no version")
        try require(
            capabilities.acceleration == .kvm || !capabilities.accelerationReason.isEmpty,
            "no reason why KVM is not used")
        let again = try await port.capabilities()
        try requireEqual(again, capabilities, "asked a second time")
    }

    // MARK: Steps

    func defined(_ vm: VMID, epoch: Epoch = Epoch(1)) async throws -> DomainName {
        let specification = try await fixture.specification(of: vm, epoch: epoch)
        try await port.define(specification)
        return specification.name
    }

    func started(_ vm: VMID, epoch: Epoch = Epoch(1)) async throws -> DomainName {
        let name = try await defined(vm, epoch: epoch)
        try await port.create(name)
        return name
    }

    func remove(_ name: DomainName) async throws {
        try await port.destroy(name)
        try await port.undefine(name)
        try require(try await observed(name) == nil, "\(name) is observed after undefine")
    }

    func observed(_ name: DomainName) async throws -> ObservedDomain? {
        let all = try await port.observe()
        try requireEqual(all.map(\.name), all.map(\.name).sorted(), "observe is sorted by name")
        return all.first { $0.name == name }
    }

    func state(of name: DomainName) async throws -> ObservedDomain.State? { try await observed(name)?.state }

    /// Waits until the domain is observed as not live.
    func waitUntilShutOff(_ name: DomainName) async throws {
        let limit = fixture.clock.now.advanced(by: fixture.patience)
        while try await state(of: name) != .shutOff {
            try require(fixture.clock.now < limit, "\(name) is not shut off after \(fixture.patience)")
            try await fixture.clock.sleep(for: .milliseconds(50))
        }
    }
}
