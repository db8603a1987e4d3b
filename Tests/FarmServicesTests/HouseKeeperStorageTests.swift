import FarmModel
import FarmPorts
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
        XCTAssert(bench.pass(upTo: .seconds(60)) { storage.disks.overlays[VMID(77)] == nil })
        XCTAssertNotNil(storage.disks.userDisks[VMID(77)], "a user disk is nobody's leftover")
    }
}
