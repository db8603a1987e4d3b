import FarmModel
import FarmPorts
import FarmRules
import SimulatedPorts
import Simulator
import XCTest

/// A node with several storages: each VM's disks lie on the one that its row names, and nowhere else.
final class HouseKeeperStorageTests: XCTestCase {
    private let fast = StorageID("fast")!

    /// VM 2 is on the storage `fast`, which the node mounts.
    private func bench(mounts: Bool = true) throws -> (FarmBench, SimulatedStorage) {
        let bench = try FarmBench(vms: 1)
        let storage = SimulatedStorage(id: fast, images: ["desktop.qcow2"])
        if mounts { bench.host.mount(storage) }
        try bench.apply(
            .addVM(name: "swift", user: UserID(1), osf: OSFID(1), tag: "default", address: nil, storage: fast))
        bench.startAll()
        return (bench, storage)
    }

    func testEachVMStartsOnTheStorageOfItsRow() throws {
        let (bench, storage) = try bench()
        defer { bench.end() }
        for vm in [VMID(1), VMID(2)] { try bench.start(vm) }
        XCTAssert(
            bench.pass(upTo: .seconds(60)) { bench.state(VMID(1)) == .running && bench.state(VMID(2)) == .running },
            bench.journal.lines.joined())
        let standard = bench.host.state.disks
        XCTAssertEqual(Set(standard.overlays.keys), [VMID(1)])
        XCTAssertEqual(Set(standard.userDisks.keys), [VMID(1)])
        XCTAssertEqual(Set(storage.disks.overlays.keys), [VMID(2)])
        XCTAssertEqual(Set(storage.disks.userDisks.keys), [VMID(2)])
        let running = try XCTUnwrap(bench.host.state.liveDomain(of: VMID(2))?.running)
        XCTAssertEqual(
            running.disks.all.map(\.path), ["/storages/fast/overlays/2-1.qcow2", "/storages/fast/homes/2.raw"])

        try bench.apply(.stopVM(VMID(2)))
        XCTAssert(bench.pass(upTo: .seconds(60)) { bench.state(VMID(2)) == .stopped }, bench.journal.lines.joined())
        XCTAssertEqual(storage.disks.overlays[VMID(2)] ?? [:], [:], "its overlay goes from its storage")
        XCTAssertNotNil(storage.disks.userDisks[VMID(2)])
        XCTAssertNotNil(bench.host.state.disks.overlays[VMID(1)], "the other VM runs on")
    }

    func testAVMWhoseStorageTheNodeDoesNotHaveIsStoppedWithWhatToDo() throws {
        let (bench, _) = try bench(mounts: false)
        defer { bench.end() }
        try bench.start(VMID(2))
        XCTAssert(
            bench.pass(upTo: .seconds(60)) { (try? bench.row(VMID(2)))?.observation.lastError != nil },
            bench.journal.lines.joined())
        bench.pass(.seconds(20))
        let row = try bench.row(VMID(2))
        XCTAssertEqual(row.observation.state, .stopped)
        XCTAssertNil(row.intent.node)
        let words = try XCTUnwrap(row.observation.lastError)
        XCTAssert(words.contains("no storage `fast`") && words.contains("path.storage.more"), words)
        XCTAssert(bench.host.state.disks.overlays.isEmpty && bench.host.state.disks.userDisks.isEmpty)
    }

    func testOverlaysThatNobodyNeedsGoFromEveryStorage() throws {
        let (bench, storage) = try bench()
        defer { bench.end() }
        bench.host.change { [fast] truth in
            truth[fast].overlays[VMID(77)] = [
                ImageID(1): HostDisks.Overlay(image: ImageID(1), imageFile: "desktop.qcow2", generation: 1)
            ]
            truth[fast].userDisks[VMID(77)] = HostDisks.UserDisk(size: Mebibytes(8), generation: 1, writes: 0)
        }
        // It is seen by a look, asked about by a reading of everything, and removed at a look after that.
        bench.pass(.seconds(130))
        bench.host.change { _ in }
        XCTAssert(
            bench.pass(upTo: .seconds(60)) { storage.disks.overlays[VMID(77)] == nil }, bench.journal.lines.joined())
        XCTAssertNotNil(storage.disks.userDisks[VMID(77)], "a user disk is nobody's leftover")
    }

    // MARK: User disks that are to be deleted

    /// VM 2 with a user disk, stopped.
    private func benchWithDisk() throws -> (FarmBench, SimulatedStorage) {
        let (bench, storage) = try bench()
        try bench.start(VMID(2))
        XCTAssert(bench.pass(upTo: .seconds(60)) { bench.state(VMID(2)) == .running }, bench.journal.lines.joined())
        try bench.apply(.stopVM(VMID(2)))
        XCTAssert(bench.pass(upTo: .seconds(60)) { (try? bench.row(VMID(2)))?.intent.node == nil })
        XCTAssertNotNil(storage.disks.userDisks[VMID(2)])
        return (bench, storage)
    }

    private func wishes(_ bench: FarmBench) -> [DiskDeletion] { bench.store.look { $0.diskDeletions() } }

    func testAUserDiskIsDeletedOnlyWhenItIsWishedAndFromItsStorage() throws {
        let (bench, storage) = try benchWithDisk()
        defer { bench.end() }
        bench.host.change {
            $0.disks.userDisks[VMID(2)] = HostDisks.UserDisk(size: Mebibytes(8), generation: 1, writes: 0)
        }
        try bench.apply(.deleteVM(VMID(2)))
        bench.pass(.seconds(300))
        XCTAssertNotNil(storage.disks.userDisks[VMID(2)])
        try bench.apply(.deleteUserDisk(UserDiskID(vm: VMID(2), storage: fast)))
        XCTAssert(bench.pass(upTo: .seconds(2)) { wishes(bench).isEmpty }, "the node is told at once")
        XCTAssertNil(storage.disks.userDisks[VMID(2)])
        XCTAssertNotNil(bench.host.state.disks.userDisks[VMID(2)], "another storage's disk of that VM")
        let audit = bench.store.look { $0.audit(limit: 1) }
        XCTAssertEqual(audit.map(\.action), ["delete the user disk of VM 2 on storage fast"])
        XCTAssertEqual(audit.map(\.outcome), ["done"])
    }

    func testAStorageThatFailsIsSaidAndTriedAgain() throws {
        let (bench, storage) = try benchWithDisk()
        defer { bench.end() }
        bench.fault(.call(.failing(.disks, .rejected, perMille: 1000)))
        try bench.apply(.deleteVM(VMID(2), deletesUserDisk: true))
        XCTAssert(bench.pass(upTo: .seconds(20)) { wishes(bench).first?.lastError != nil })
        XCTAssert(wishes(bench).first?.lastError?.contains("deleting the user disk of VM 2") ?? false)
        bench.pass(.seconds(60))
        XCTAssertNotNil(storage.disks.userDisks[VMID(2)])
        bench.simulation.withFaults { $0.endAll() }
        XCTAssert(bench.pass(upTo: .seconds(120)) { wishes(bench).isEmpty })
        XCTAssertNil(storage.disks.userDisks[VMID(2)])
    }

    /// A backup was restored, in which the VM is there and the wish too.
    func testTheDiskOfAVMThatIsThereAgainIsKept() throws {
        let (bench, storage) = try benchWithDisk()
        defer { bench.end() }
        try bench.killKeeper()
        var ledger = bench.store.ledger
        let disk = UserDiskID(vm: VMID(2), storage: fast)
        ledger.put(DiskDeletion(disk: disk, request: nil, requestedBy: "test", requestedAt: WallTime(seconds: 1)))
        bench.store.replace(ledger)
        bench.startKeeper()
        XCTAssert(bench.pass(upTo: .seconds(60)) { wishes(bench).isEmpty }, "it is taken back")
        bench.pass(.seconds(60))
        XCTAssertNotNil(storage.disks.userDisks[VMID(2)])
        try bench.apply(.deleteVM(VMID(2)))
        bench.pass(.seconds(60))
        XCTAssertNotNil(storage.disks.userDisks[VMID(2)], "nor is it deleted with the VM, of which nobody asked that")
    }

    /// The wish stands at whichever step HKD dies, until the disk is really gone.
    func testAWishOutlivesEveryDeathOfHKD() throws {
        for step in 0..<100 {
            let (bench, storage) = try benchWithDisk()
            defer { bench.end() }
            try bench.apply(.deleteVM(VMID(2), deletesUserDisk: true))
            bench.pass(.milliseconds(Int64(step) * 2))
            try bench.killKeeper()
            bench.pass(.seconds(5))
            if wishes(bench).isEmpty {
                XCTAssertNil(storage.disks.userDisks[VMID(2)], "step \(step): fulfilled, and the disk is there")
            }
            bench.startKeeper()
            XCTAssert(bench.pass(upTo: .seconds(60)) { wishes(bench).isEmpty }, "step \(step)")
            XCTAssertNil(storage.disks.userDisks[VMID(2)], "step \(step)")
        }
    }
}
