import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import SimulatedPorts
import Simulator
import XCTest
import FarmRules

/// HKD that dies, comes back, and finds what is not in its store.
final class HouseKeeperSurvivalTests: XCTestCase {
    private let vm = VMID(1)

    private func bench(running vms: Int = 1) throws -> FarmBench {
        let bench = try FarmBench(vms: max(vms, 1))
        bench.startAll()
        for number in 1...vms { try bench.start(VMID(Int64(number))) }
        XCTAssert(
            bench.pass(upTo: .seconds(120)) {
                bench.store.look { $0.vms().allSatisfy { $0.observation.state == .running } }
            })
        return bench
    }

    func testAKilledHouseKeeperIsFollowedByOneThatAdopts() throws {
        let bench = try bench(running: 2)
        defer { bench.end() }
        let before = bench.host.state
        try bench.killKeeper()
        bench.pass(.seconds(20))
        bench.startKeeper()
        bench.pass(.seconds(60))
        let after = bench.host.state
        XCTAssertEqual(after.sortedDomains.map(\.life), before.sortedDomains.map(\.life), "not started again")
        XCTAssertEqual(after.network.taps, before.network.taps)
        XCTAssertEqual(after.secrets, before.secrets)
        XCTAssertEqual(bench.state(vm), .running)
        try bench.apply(.stopVM(vm))
        XCTAssert(bench.pass(upTo: .seconds(60)) { bench.state(vm) == .stopped }, "what was adopted can be stopped")
    }

    func testAHouseKeeperThatIsToldToEndLeavesDesktopsRunning() throws {
        let bench = try bench()
        defer { bench.end() }
        bench.keeper?.terminate()
        bench.pass(.seconds(10))
        XCTAssertEqual(bench.keeperFailure, "ended")
        XCTAssertNotNil(bench.host.state.liveDomain(of: vm))
        XCTAssertEqual(bench.state(vm), .running)
        XCTAssertEqual(bench.nodeState, .stopped, "the row says that nobody watches it")
    }

    /// Every step of a start is one at which HKD dies; the next one finishes it, with one domain and no leftovers.
    func testDeathAtAnyStepOfAStartIsHealed() throws {
        var deaths = 0
        for step in stride(from: 0, to: 200, by: 3) {
            let bench = try FarmBench(seed: UInt64(step))
            defer { bench.end() }
            bench.startAll()
            let keeper = try XCTUnwrap(bench.keeper)
            bench.simulation.scheduleKill(keeper, afterSteps: step) { [simulation = bench.simulation] _ in
                simulation.kill(keeper)
            }
            try bench.start(vm)
            _ = bench.pass(upTo: .seconds(40)) { !keeper.isAlive || bench.state(vm) == .running }
            guard !keeper.isAlive else { break }
            deaths += 1
            bench.pass(.seconds(2))
            let disk = bench.host.state.disks.userDisks[vm]
            bench.startKeeper()
            XCTAssert(
                bench.pass(upTo: .seconds(200)) { bench.state(vm) == .running },
                "step \(step): \(bench.state(vm) as Any) \(bench.journal.lines.suffix(5))")
            bench.pass(.seconds(30))
            let state = bench.host.state
            XCTAssertEqual(state.domains.values.filter(\.isLive).count, 1, "step \(step)")
            XCTAssertEqual(state.network.taps.count, 1, "step \(step)")
            XCTAssertEqual(state.network.filters.count, 1, "step \(step)")
            XCTAssertNotNil(state.disks.userDisks[vm], "step \(step)")
            if let disk { XCTAssertEqual(state.disks.userDisks[vm], disk, "step \(step): made anew") }
        }
        XCTAssertGreaterThan(deaths, 10, "a start has more steps than that")
    }

    func testADatabaseOfAnotherFarmRemovesNothing() throws {
        let bench = try bench(running: 2)
        defer { bench.end() }
        let before = bench.host.state
        try bench.killKeeper()
        let other = SimulatedStore(
            try FarmBench.farm(FarmID(bits: 0x000bad), vms: 1, node: "node1", address: bench.host.address))
        // Overlays, user disks, secrets and reservations lie below paths that carry the farm's id, so that another
        // farm sees none of them; domains, taps and chains are the node's and seen by all.
        let elsewhere = SimulatedHost(
            simulation: bench.simulation, node: FarmBench.node, address: bench.host.address, images: [])
        bench.startKeeper(on: other) { ports, life in
            let own = PortSet(host: elsewhere, incarnation: life)
            ports.storages = NodeStorages(standard: own.disks)
            ports.secrets = own.secrets
            ports.addresses = own.addresses
        }
        bench.pass(.seconds(300))
        XCTAssertNil(bench.keeperFailure)
        XCTAssertEqual(other.look { $0.node(FarmBench.node)?.state }, .running)
        let after = bench.host.state
        XCTAssertEqual(after.sortedDomains.map(\.life), before.sortedDomains.map(\.life))
        XCTAssertEqual(after.network.taps, before.network.taps)
        XCTAssertEqual(Set(after.network.filters.keys), Set(before.network.filters.keys))
        XCTAssertEqual(bench.journal.lines(with: "removed a leftover"), [])
        XCTAssertEqual(bench.journal.lines(with: "a domain of this farm"), [], "they are not its own")
        other.close()
    }

    func testADomainWithoutARowIsReportedOnceKeptAndRemovedWhenItIsGivenUp() throws {
        let bench = try bench(running: 2)
        defer { bench.end() }
        try bench.killKeeper()
        // A backup from before VM 1 was made.
        var ledger = bench.store.ledger
        ledger.remove(vm)
        bench.store.replace(ledger)
        bench.startKeeper()
        bench.pass(.seconds(300))
        let reports = bench.journal.lines(with: "warning", "a domain of this farm is here", "vm=1")
        XCTAssertEqual(reports.count, 1, "said once, not at every look: \(reports)")
        XCTAssert(reports.first?.contains("qvd vm abandon-domain 1") ?? false, "\(reports)")
        XCTAssertNotNil(bench.host.state.liveDomain(of: vm), "kept")
        XCTAssertEqual(bench.host.state.network.taps.count, 2)
        XCTAssertNotNil(bench.host.state.disks.overlays[vm])

        try bench.apply(.abandonDomain(vm, node: FarmBench.node))
        XCTAssert(bench.pass(upTo: .seconds(60)) { bench.host.state.liveDomain(of: VMID(1)) == nil })
        bench.pass(.seconds(60))
        XCTAssertEqual(bench.host.state.network.taps.keys.map(\.vm), [VMID(2)])
        XCTAssertEqual(bench.host.state.network.filters.keys.map(\.vm), [VMID(2)])
        XCTAssertNil(bench.host.state.secrets[vm])
        XCTAssertNotNil(bench.host.state.disks.userDisks[vm], "a user disk is nobody's leftover")
        XCTAssertNotNil(bench.host.state.liveDomain(of: VMID(2)))
    }

    /// The guest is deaf and the hypervisor refuses to end it: the row and the node stay, the pauses grow and are seen.
    func testAZombieKeepsItsRowAndIsRetriedEverSlowerForAllToSee() throws {
        let bench = try bench()
        defer { bench.end() }
        bench.host.inject(.ofVM(.guestHangs, vm))
        try bench.apply(.stopVM(vm))
        bench.pass(.milliseconds(500))
        bench.fault(.call(.failing(.hypervisor, .rejected, perMille: 1000)))
        XCTAssert(bench.pass(upTo: .seconds(600)) { bench.state(vm) == .zombie }, "\(bench.state(vm) as Any)")
        XCTAssertEqual(bench.journal.lines(with: "error", "cannot be confirmed dead", "vm=1").count, 1)
        var attempts: [(moment: Int64, detail: String)] = []
        let deadline = bench.simulation.now + 600_000_000_000
        while bench.simulation.now < deadline {
            bench.pass(.milliseconds(50))
            let detail = try bench.row(vm).observation.detail
            if detail.contains("could not be removed"), detail != attempts.last?.detail {
                attempts.append((bench.simulation.now, detail))
            }
        }
        let pauses = zip(attempts.dropFirst(), attempts).map { ($0.moment - $1.moment) / 1_000_000_000 }
        XCTAssertGreaterThan(pauses.count, 6, "\(attempts)")
        XCTAssertEqual(pauses, pauses.sorted(), "the pauses do not shrink")
        XCTAssertLessThanOrEqual(pauses.first ?? 99, 11)
        XCTAssert((55...65).contains(pauses.last ?? 0), "\(pauses)")
        XCTAssert(try XCTUnwrap(attempts.last).detail.contains("tried \(attempts.count) times"), "\(attempts)")

        let row = try bench.row(vm)
        XCTAssertEqual(row.observation.state, .zombie)
        XCTAssertEqual(row.intent.node, FarmBench.node, "it starts nowhere else")
        XCTAssertNotNil(row.observation.lastError)
        XCTAssertThrowsError(try bench.apply(.deleteVM(vm)))
        let words = Explanation.of(
            vm, in: try bench.store.ledger.snapshot(), at: WallTime(seconds: SimulatedClock.wallTimeAtStart))
        XCTAssert(words?.map(\.words).joined().contains("cannot confirm that it is dead") ?? false, "\(words ?? [])")

        bench.heal()
        XCTAssert(bench.pass(upTo: .seconds(120)) { bench.state(vm) == .stopped })
        XCTAssertNil(try bench.row(vm).intent.node)
        XCTAssert(bench.host.state.domains.isEmpty && bench.host.state.network.taps.isEmpty)
    }

    func testAStoreThatIsAwayChangesNothingAndIsSaidOnce() throws {
        let bench = try bench(running: 2)
        defer { bench.end() }
        let lives = bench.host.state.sortedDomains.map(\.life)
        bench.fault(.call(.failing(.store, .unreachable, perMille: 1000)))
        bench.pass(.seconds(300))
        XCTAssertEqual(bench.host.state.sortedDomains.map(\.life), lives)
        XCTAssertEqual(bench.journal.lines(with: "the store does not answer").count, 1, "not at every reading")
        bench.heal()
        bench.pass(.seconds(30))
        XCTAssertEqual(bench.journal.lines(with: "the store answers again").count, 1)
        XCTAssertEqual(bench.state(vm), .running)
    }
}
