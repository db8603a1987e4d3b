import FarmControl
import FarmModel
import FarmPorts
import Logging

/// Deletes user disks that somebody wants deleted. Whatever breaks off between the steps, the next try begins with the
/// first: to delete a disk that is gone changes nothing, nor does it to say so twice.
struct DiskDeleter: Sendable {
    let ports: NodePorts
    let node: Node
    let log: Logger

    func delete(_ disk: UserDiskID, _ inbox: NodeInbox) async {
        do throws(PortError) {
            let isWanted = try await ports.deletions.confirmDeletion(of: disk, by: node.id, at: ports.clock.wallTime)
            if isWanted {
                try await carryOut(disk)
                log.notice("deleted a user disk, as was wanted", metadata: ["disk": "\(disk)"])
            }
            inbox.put(.deletionEnded(disk, isOver: true))
        } catch {
            await failed(disk, error.description, inbox)
        }
    }

    private func carryOut(_ disk: UserDiskID) async throws(PortError) {
        let storage = try ports.storages.storage(disk.storage, attempt: "deleting \(disk)")
        try await storage.deleteUserDisk(of: disk.vm)
        try await ports.deletions.reportDeletion(of: disk, by: node.id, at: ports.clock.wallTime)
    }

    func postpone(_ disk: UserDiskID, _ inbox: NodeInbox) async {
        await failed(
            disk,
            "deleting \(disk): a domain of the VM is on node \(node.name), and may use it; abandon the domain first",
            inbox)
    }

    private func failed(_ disk: UserDiskID, _ words: String, _ inbox: NodeInbox) async {
        log.warning("a user disk could not be deleted; it is tried again", metadata: ["error": "\(words)"])
        do throws(PortError) {
            try await ports.deletions.reportDeletionFailure(of: disk, words)
        } catch {
            log.warning("the store does not know why", metadata: ["disk": "\(disk)", "error": "\(error)"])
        }
        inbox.put(.deletionEnded(disk, isOver: false))
    }
}
