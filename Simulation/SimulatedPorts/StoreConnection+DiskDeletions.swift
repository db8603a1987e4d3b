package import FarmModel
package import FarmPorts
import FarmStore

extension StoreConnection: DiskDeletionRecords {
    package func confirmDeletion(
        of disk: UserDiskID, by node: NodeID, at time: WallTime
    ) async throws(PortError) -> Bool {
        try await write("asking whether to delete \(disk)", vm: disk.vm) { store async throws(PortError) in
            try await store.confirmDeletion(of: disk, by: node, at: time)
        }
    }

    package func reportDeletion(of disk: UserDiskID, by node: NodeID, at time: WallTime) async throws(PortError) {
        try await write("reporting that \(disk) is deleted", vm: disk.vm) { store async throws(PortError) in
            try await store.reportDeletion(of: disk, by: node, at: time)
        }
    }

    package func reportDeletionFailure(of disk: UserDiskID, _ error: String) async throws(PortError) {
        try await write("reporting that \(disk) is not deleted: \(error)", vm: disk.vm) {
            store async throws(PortError) in
            try await store.reportDeletionFailure(of: disk, error)
        }
    }
}
