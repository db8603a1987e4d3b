package import FarmModel

// User disks that are to be deleted: wished by an administrator, done by a node. Never of a VM that has a row; that is
// looked at when it is wished, and again right before it is done.
extension FarmRecords {
    /// Repeating it changes nothing.
    mutating func wishDeletion(
        of disk: UserDiskID, by actor: String, request: RequestID?, at time: WallTime
    ) throws(LedgerError) {
        if let vm = try vm(disk.vm) {
            throw .refuse(
                .inUse, .vm(disk.vm), "VM \(disk.vm) (\(vm.name)) exists, so its user disk is not detached",
                .delete([.vm(disk.vm)]))
        }
        guard disk.vm.rawValue >= 1, try disk.vm.rawValue <= lastNumber(of: .vm) else {
            throw .refuse(.notFound, .noun(.vm), "there has never been a VM \(disk.vm) in this farm", .list(.vm))
        }
        guard try diskDeletion(of: disk) == nil else { return }
        try put(DiskDeletion(disk: disk, request: request, requestedBy: actor, requestedAt: time))
        // For nodes, which all read of a VM that is gone.
        try tell([FarmChange(.farm, vm: disk.vm)])
    }

    package mutating func confirmDeletion(
        of disk: UserDiskID, by node: NodeID, at time: WallTime
    ) throws(LedgerError) -> Bool {
        guard try diskDeletion(of: disk) != nil else { return false }
        guard try vm(disk.vm) == nil else {
            try removeDiskDeletion(of: disk)
            try append(
                AuditRecord(
                    at: time, actor: try name(node), action: "delete \(disk)", outcome: "refused: the VM exists again"))
            return false
        }
        return true
    }

    package mutating func reportDeletion(
        of disk: UserDiskID, by node: NodeID, at time: WallTime
    ) throws(LedgerError) {
        guard try diskDeletion(of: disk) != nil else { return }
        try removeDiskDeletion(of: disk)
        try append(AuditRecord(at: time, actor: try name(node), action: "delete \(disk)", outcome: "done"))
    }

    package mutating func reportDeletionFailure(of disk: UserDiskID, _ error: String) throws(LedgerError) {
        guard var deletion = try diskDeletion(of: disk), deletion.lastError != error else { return }
        deletion.lastError = error
        try put(deletion)
    }
}
