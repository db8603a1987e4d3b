package import FarmModel

/// Domains on this node. Calls about one VM never wait behind a call about another. While the hypervisor's daemon is
/// away every call is `unreachable`; domains run on.
package protocol Hypervisor: Sendable {
    /// Writes the domain's definition, replacing that of the same name. Starts nothing. Idempotent.
    func define(_ specification: DomainSpecification) async throws(PortError)

    /// Starts a defined domain; when this returns its emulator runs. Rejected with `.alreadyExists` when it runs
    /// already, `.notFound` when it is not defined. After `outcomeUnknown` only `observe` tells.
    func create(_ domain: DomainName) async throws(PortError)

    /// Asks the guest to power off (ACPI). Returns at once; the guest may ignore it. `.notFound` when not running.
    func shutdown(_ domain: DomainName) async throws(PortError)

    /// Ends the emulator now. Returns when it is confirmed gone. Idempotent: a domain that is not live is success.
    func destroy(_ domain: DomainName) async throws(PortError)

    /// Removes the definition of a domain that is not live. Idempotent. Rejected with `.busy` when it is live.
    func undefine(_ domain: DomainName) async throws(PortError)

    /// Every domain of the hypervisor, ours and others', sorted by name.
    func observe() async throws(PortError) -> [ObservedDomain]

    /// What happens from now on, after the connection's present state. A hint: events can be lost and doubled, what
    /// happens while the daemon is away is not told, and `observe` is the truth.
    func events() -> AsyncStream<HypervisorEvent>

    func capabilities() async throws(PortError) -> HypervisorCapabilities
}
