package import FarmModel
import FarmPorts

// User disks that are to be deleted.
extension Administration {
    package func diskDeletions() async throws -> [DiskDeletion] {
        try checkWholeFarm("the user disks of the farm")
        return try await ports.details.diskDeletions()
    }

    /// How far a wish to delete a user disk has come.
    package enum Deletion: Sendable, Hashable {
        /// There is no such wish any more.
        case done
        /// Why it could not be done yet, in words; it is tried again.
        case hindered(String)
        case open
    }

    private static let lookEvery = Duration.milliseconds(100)

    /// Waits until the disk is deleted, for this long at most; not at all while no node runs that could do it.
    package func awaitDeletion(of disk: UserDiskID, atMost limit: Duration) async throws -> Deletion {
        let end = ports.clock.now.advanced(by: limit)
        while true {
            guard let open = try await ports.details.diskDeletions().first(where: { $0.disk == disk }) else {
                return .done
            }
            let mayHope = try await nodes().contains { $0.node.state == .running }
            guard mayHope, ports.clock.now < end else { return open.lastError.map(Deletion.hindered) ?? .open }
            try await ports.clock.sleep(for: Self.lookEvery)
        }
    }
}
