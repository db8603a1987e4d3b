/// Names a user disk: a VM's, also after the VM's row is gone, on the storage where it lies.
package struct UserDiskID: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let vm: VMID
    package let storage: StorageID

    package init(vm: VMID, storage: StorageID) {
        self.vm = vm
        self.storage = storage
    }

    package static func < (left: Self, right: Self) -> Bool { (left.vm, left.storage) < (right.vm, right.storage) }

    /// `the user disk of VM 3`, with the storage if it is not the standard one.
    package var description: String {
        "the user disk of VM \(vm)\(storage == .standard ? "" : " on storage \(storage)")"
    }
}

/// The wish that a user disk be deleted: open until a node that has its storage has done it. The VM had no row when it
/// was wished, and numbers of VMs are never given again.
package struct DiskDeletion: Sendable, Hashable {
    package let disk: UserDiskID
    /// With which it was wished; nil when it had none.
    package let request: RequestID?
    package let requestedBy: String
    package let requestedAt: WallTime
    /// Why it could not be done yet, in words; nil when nothing is known to be in the way.
    package var lastError: String?

    package init(
        disk: UserDiskID, request: RequestID?, requestedBy: String, requestedAt: WallTime, lastError: String? = nil
    ) {
        self.disk = disk
        self.request = request
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
        self.lastError = lastError
    }
}
