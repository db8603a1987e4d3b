import FarmModel
import FarmPorts
import Logging

/// Publishes the farm's reservations for DHCP when they changed, and again until that worked.
actor ReservationPublisher {
    private let ports: NodePorts
    private let log: Logger
    /// How often they changed, as far as was heard, and how many of these changes are published.
    private var changes = 0
    private var published = 0

    init(ports: NodePorts, log: Logger) {
        self.ports = ports
        self.log = log
    }

    /// - Parameter areOthers: whether they may have changed since the last call.
    func bringUpToDate(areOthers: Bool) async {
        if areOthers { changes += 1 }
        let wanted = changes
        guard published < wanted else { return }
        do throws(PortError) {
            let reservations = try await ports.records.reservations()
            if try await ports.addresses.observe() != reservations {
                try await ports.addresses.publish(reservations)
            }
            published = max(published, wanted)
        } catch {
            log.error("DHCP reservations could not be published", metadata: ["error": "\(error)"])
        }
    }
}
