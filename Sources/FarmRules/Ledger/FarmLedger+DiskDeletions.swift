package import FarmModel

extension FarmLedger: DiskDeletionRows {
    package func diskDeletion(of disk: UserDiskID) -> DiskDeletion? { deletionRows[disk] }
    package func diskDeletions() -> [DiskDeletion] { deletionRows.all }
    package func disksToDelete() -> [UserDiskID] { deletionRows.keys }

    package mutating func put(_ deletion: DiskDeletion) {
        countWrite()
        deletionRows.put(deletion, at: deletion.disk)
    }

    package mutating func removeDiskDeletion(of disk: UserDiskID) {
        if deletionRows.remove(disk) { countWrite() }
    }
}
