package import FarmModel

/// DHCP for the VM network: serves exactly the published reservations and nobody else.
package protocol AddressService: Sendable {
    /// Makes these, and only these, the reservations of the farm. Takes effect without a restart and without a
    /// moment in which a guest with an unchanged reservation gets no answer. Idempotent. A removed reservation is
    /// no longer offered when this returns.
    func publish(_ reservations: [Reservation]) async throws(PortError)

    /// The reservations now published, sorted by VM.
    func observe() async throws(PortError) -> [Reservation]

    func status() async -> AddressServiceStatus
}
