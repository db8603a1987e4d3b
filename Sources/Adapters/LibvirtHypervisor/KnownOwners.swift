import CLibvirt
import FarmModel

/// Whose the live domains are, as one connection has read it. The metadata of a live domain stay as they were when it
/// was started, and libvirtd gives each start a number that it gives to no other while it runs; a connection does not
/// outlive it. For one thread.
final class KnownOwners {
    /// One life of a domain.
    struct Life: Hashable {
        private let uuid: [UInt8]
        private let number: UInt32

        /// Nil for a domain that was not live when it was listed.
        init?(_ domain: virDomainPtr) {
            number = virDomainGetID(domain)
            guard number != .max else { return nil }
            var uuid = [UInt8](repeating: 0, count: Int(VIR_UUID_BUFLEN))
            guard virDomainGetUUID(domain, &uuid) == 0 else { return nil }
            self.uuid = uuid
        }
    }

    private var known: [Life: DomainOwner] = [:]

    subscript(life: Life) -> DomainOwner? { known[life] }

    /// Forgets all other domains.
    func put(_ owners: [Life: DomainOwner]) { known = owners }
}
