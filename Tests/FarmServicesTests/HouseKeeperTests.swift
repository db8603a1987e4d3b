import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import SimulatedPorts
import Simulator
import XCTest
import FarmRules

/// HKD on simulated ports: what it makes of the store's rows.
final class HouseKeeperTests: XCTestCase {
    private let vm = VMID(1)

    func testAVMStartsInOrderAndAStopLeavesNothingButItsUserDisk() throws {
        let bench = try FarmBench(vms: 3)
        defer { bench.end() }
        bench.startAll()
        XCTAssert(bench.pass(upTo: .seconds(5)) { !bench.host.state.reservations.isEmpty })
        XCTAssertEqual(bench.host.state.reservations.map(\.vm), [VMID(1), VMID(2), VMID(3)], "of all, running or not")
        try bench.start(vm)
        XCTAssert(bench.pass(upTo: .seconds(60)) { bench.state(vm) == .running }, bench.journal.lines.joined())
        let running = bench.host.state
        let tap = try XCTUnwrap(running.network.taps.first)
        XCTAssertEqual(tap.key.vm, vm)
        XCTAssert(tap.value.isUp && tap.value.isOnBridge)
        XCTAssertEqual(running.network.filters[tap.key]?.isComplete, true)
        XCTAssertEqual(running.liveDomain(of: vm)?.guest.address, try bench.row(vm).address)
        XCTAssertEqual(running.secrets[vm], bench.store.look { $0.secret(of: VMID(1)) })
        XCTAssertEqual(try bench.row(vm).observation.image, ImageID(1))
        XCTAssert(running.network.foreignFrames.isEmpty)

        try bench.apply(.stopVM(vm))
        XCTAssert(bench.pass(upTo: .seconds(60)) { bench.state(vm) == .stopped }, bench.journal.lines.joined())
        bench.pass(.seconds(20))
        let stopped = bench.host.state
        XCTAssertNil(try bench.row(vm).intent.node)
        XCTAssert(stopped.network.taps.isEmpty && stopped.network.filters.isEmpty && stopped.secrets.isEmpty)
        XCTAssert(stopped.domains.isEmpty && stopped.disks.overlays.values.allSatisfy(\.isEmpty))
        XCTAssertEqual(stopped.disks.userDisks[vm]?.generation, running.disks.userDisks[vm]?.generation)
        XCTAssertEqual(stopped.reservations.count, 3)
        XCTAssertEqual(stopped.disks.images["desktop.qcow2"]?.writes, 0)
    }

    func testAWrongNodeNameIsRefusedWithTheNamesThereAre() throws {
        let bench = try FarmBench()
        defer { bench.end() }
        bench.startKeeper(name: "nodeX")
        bench.pass(.seconds(30))
        let words = try XCTUnwrap(bench.keeperFailure, "it still runs")
        XCTAssert(words.contains("nodeX") && words.contains("the farm has node1"), words)
        XCTAssertEqual(bench.nodeState, .stopped)
        XCTAssert(bench.host.state.reservations.isEmpty, "nothing was touched")
    }

    func testAMissingBridgeOrAWrongAddressIsAClearError() throws {
        let bench = try FarmBench()
        defer { bench.end() }
        bench.host.change { $0.network.bridge = nil }
        bench.startKeeper()
        bench.pass(.seconds(30))
        let missing = try XCTUnwrap(bench.keeperFailure)
        XCTAssert(missing.contains("qvdnet0"), missing)
        bench.host.change {
            $0.network.bridge = ObservedBridge(name: "qvdnet0", isUp: true, addresses: [IPv4Address(bits: 0x0a03_0002)])
        }
        bench.startKeeper()
        bench.pass(.seconds(30))
        let wrong = try XCTUnwrap(bench.keeperFailure)
        XCTAssert(wrong.contains("10.3.0.1") && wrong.contains("it has 10.3.0.2"), wrong)
        XCTAssert(wrong.contains("ip address add 10.3.0.1/16 dev qvdnet0"), wrong)
        XCTAssertEqual(bench.nodeState, .stopped)
    }

    func testStorageTroubleIsWrittenOnTheVMAndNothingIsLeft() throws {
        let bench = try FarmBench()
        defer { bench.end() }
        bench.startAll()
        func failure(_ line: UInt = #line) throws -> String {
            try bench.start(vm)
            XCTAssert(
                bench.pass(upTo: .seconds(60)) {
                    bench.state(vm) == .stopped && bench.store.look { $0.vm(VMID(1))?.intent.node } == nil
                }, line: line)
            XCTAssert(bench.host.state.network.taps.isEmpty && bench.host.state.domains.isEmpty, line: line)
            XCTAssertEqual(try bench.row(vm).intent.wanted, .stop, line: line)
            return try XCTUnwrap(bench.row(vm).observation.lastError, line: line)
        }
        bench.host.change { $0.disks.images = [:] }
        let missing = try failure()
        XCTAssert(missing.contains("desktop.qcow2"), missing)
        bench.host.change {
            var image = HostDisks.Image()
            image.isCorrupt = true
            $0.disks.images["desktop.qcow2"] = image
        }
        let corrupt = try failure()
        XCTAssert(corrupt.contains("desktop.qcow2") && corrupt != missing, corrupt)
        bench.host.change { $0.disks.images["desktop.qcow2"]?.isCorrupt = false }
        bench.fault(.node(.ofNode(.diskFull)))
        let full = try failure()
        XCTAssert(full.contains("space") || full.contains("full"), full)
        bench.heal()
        try bench.start(vm)
        XCTAssert(bench.pass(upTo: .seconds(60)) { bench.state(vm) == .running })
        XCTAssertNil(try bench.row(vm).observation.lastError)
    }

    func testHeavyOperationsAreBounded() throws {
        let bench = try FarmBench(vms: 40)
        defer { bench.end() }
        bench.startAll()
        for number in 1...40 { try bench.start(VMID(Int64(number))) }
        var most = 0
        let isUp = bench.pass(upTo: .seconds(600)) {
            // Each start is heavy until its agent answers. What the rows say comes a moment later.
            let booting = bench.host.state.domains.values.filter { $0.isLive && $0.guest.phase != .up }
            most = max(most, booting.count)
            return bench.store.look { $0.vms().allSatisfy { $0.observation.state == .running } }
        }
        XCTAssert(isUp)
        XCTAssertEqual(bench.policy.heavyMax, 10)
        XCTAssertEqual(most, 10, "starts that are under way at once: all the slots, never more")
    }

    func testADHCPServerThatIsDownIsWaitedForAndThenSaid() throws {
        let bench = try FarmBench()
        defer { bench.end() }
        bench.startAll()
        bench.host.change { $0.isAddressServiceUp = false }
        try bench.start(vm)
        bench.pass(.seconds(10))
        XCTAssertEqual(bench.state(vm), .starting)
        XCTAssert(bench.host.state.domains.isEmpty, "no guest before somebody can answer it")
        bench.host.change { $0.isAddressServiceUp = true }
        XCTAssert(bench.pass(upTo: .seconds(60)) { bench.state(vm) == .running })
    }

    func testATapOrChainThatSomebodyRemovedIsNoticed() throws {
        let bench = try FarmBench()
        defer { bench.end() }
        bench.startAll()
        try bench.start(vm)
        XCTAssert(bench.pass(upTo: .seconds(60)) { bench.state(vm) == .running })
        bench.host.inject(.ofVM(.filterFlushed, vm))
        XCTAssert(bench.host.state.network.filters.isEmpty)
        XCTAssert(bench.pass(upTo: .seconds(15)) { bench.host.state.network.filters.values.first?.isComplete == true })
        XCTAssertEqual(bench.journal.lines(with: "filter rules had been changed; put back").count, 1)
        XCTAssertEqual(bench.state(vm), .running)
    }
}
