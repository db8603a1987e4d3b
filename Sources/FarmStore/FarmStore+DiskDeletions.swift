package import FarmModel
package import FarmPorts
import FarmRules

extension FarmStore: DiskDeletionRecords {
    package func confirmDeletion(
        of disk: UserDiskID, by node: NodeID, at time: WallTime
    ) async throws(PortError) -> Bool {
        try await write("asking whether to delete \(disk)") { records throws(LedgerError) in
            try records.confirmDeletion(of: disk, by: node, at: time)
        }
    }

    package func reportDeletion(of disk: UserDiskID, by node: NodeID, at time: WallTime) async throws(PortError) {
        try await write("reporting that \(disk) is deleted") { records throws(LedgerError) in
            try records.reportDeletion(of: disk, by: node, at: time)
        }
    }

    package func reportDeletionFailure(of disk: UserDiskID, _ error: String) async throws(PortError) {
        try await write("reporting that \(disk) could not be deleted") { records throws(LedgerError) in
            try records.reportDeletionFailure(of: disk, error)
        }
    }
}
