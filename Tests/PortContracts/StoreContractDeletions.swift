import FarmModel
import FarmPorts

/// User disks that are to be deleted.
extension StoreContract {
    private static let later = WallTime(seconds: 9)

    private static func disk(_ vm: VMID, _ storage: StorageID = .standard) -> UserDiskID {
        UserDiskID(vm: vm, storage: storage)
    }

    static let deletions: [Case] = [
        (
            "a VM goes with its user disk in one command: the wish says who, when and where",
            { store in
                let example = try await ExampleFarm(in: store)
                let request = RequestID("away")
                let command = AdministrationCommand.deleteVM(example.vm, deletesUserDisk: true)
                let actor = Actor.console(name: "root")
                let time = WallTime(seconds: 7)
                _ = try await store.apply(command, by: actor, request: request, at: time).get()
                let wish = DiskDeletion(
                    disk: disk(example.vm), request: request, requestedBy: actor.description, requestedAt: time)
                try await expectEqual(try store.diskDeletions(), [wish])
                try await expectEqual(
                    try store.desiredState(of: example.node, about: []).diskDeletions, [disk(example.vm)])
                _ = try await store.apply(command, by: actor, request: request, at: later)
                try await expectEqual(try store.diskDeletions(), [wish], "sent again")
            }
        ),
        (
            "a disk of a VM that exists, or never was, is never wished away",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectRefusal(
                    store, .deleteUserDisk(disk(example.vm)), .inUse, naming: ["exists", "delete VM"])
                try await expectRefusal(store, .deleteUserDisk(disk(VMID(7))), .notFound, naming: ["never"])
                try await expectRefusal(store, .deleteUserDisk(disk(VMID(0))), .notFound)
                _ = try await store.perform(.deleteVM(example.vm))
                try await expectEqual(try store.diskDeletions(), [], "its disk stays unless it is asked for")
                _ = try await store.perform(.deleteUserDisk(disk(example.vm)))
                let first = try await store.diskDeletions()
                let again = AdministrationCommand.deleteUserDisk(disk(example.vm))
                _ = try await store.apply(again, by: .console(name: "another"), at: later).get()
                try await expectEqual(try store.diskDeletions(), first, "wished by somebody else too")
                _ = try await store.perform(.deleteUserDisk(disk(example.vm, StorageID("fast")!)))
                try await expectEqual(
                    try store.diskDeletions().map(\.disk),
                    [disk(example.vm), disk(example.vm, StorageID("fast")!)])
            }
        ),
        (
            "a VM that may not be deleted keeps its disk",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.requestStart(example.vm, by: "test")
                try await expectRefusal(store, .deleteVM(example.vm, deletesUserDisk: true), .notStopped)
                try await expectEqual(try store.diskDeletions(), [])
            }
        ),
        (
            "a wish is open until a node says that the disk is gone, and says why that takes long",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.deleteVM(example.vm, deletesUserDisk: true))
                let disk = disk(example.vm)
                for _ in 0..<2 {
                    try await expectEqual(
                        try store.confirmDeletion(of: disk, by: example.node, at: later), true, "confirmed")
                }
                try await store.reportDeletionFailure(of: disk, "no space")
                try await expectEqual(try store.diskDeletions().map(\.lastError), ["no space"])
                let before = try await store.audit(limit: 100).count
                for _ in 0..<2 { try await store.reportDeletion(of: disk, by: example.node, at: later) }
                try await expectEqual(try store.diskDeletions(), [])
                try await expectEqual(try store.desiredState(of: example.node, about: []).diskDeletions, [])
                let audit = try await store.audit(limit: 100)
                try expectEqual(audit.count, before + 1, "audit records, one for a deletion")
                try expect(audit[0].action == "delete \(disk)" && audit[0].outcome == "done", "\(audit[0])")
                try await expectEqual(
                    try store.confirmDeletion(of: disk, by: example.node, at: later), false, "confirmed after that")
                try await store.reportDeletionFailure(of: disk, "late")
                try await expectEqual(try store.diskDeletions(), [], "a late failure makes no wish")
            }
        ),
        (
            "every node is told of a wish",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.deleteVM(example.vm))
                let before = try await store.desiredState(of: example.node, about: [])
                _ = try await store.perform(.deleteUserDisk(disk(example.vm)))
                let after = try await store.changes(after: before.revision)
                try expect(after.concern(.farm) && after.revision != before.revision, "\(after)")
                let changes = try await store.desiredStateChanges(
                    of: example.node, about: [], after: before.revision)
                try expectEqual(changes?.diskDeletions, [disk(example.vm)], "in the changes")
            }
        ),
    ]
}
