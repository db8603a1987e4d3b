import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import SimulatedPorts
import Simulator
import XCTest

/// L7R together with HKD on simulated ports: what users see.
final class RouterServiceTests: XCTestCase {
    private let vm = VMID(1)
    private var bench: FarmBench!

    override func setUpWithError() throws {
        bench = try FarmBench(vms: 3)
        bench.startAll()
    }

    override func tearDown() {
        // Nil when the set-up failed.
        bench?.end()
        bench = nil
    }

    /// Nil when the client got none within five minutes.
    private func answer(_ exchange: SimulatedClientExchange) -> ClientResponse? {
        _ = bench.pass(upTo: .seconds(300)) { exchange.ending.value != nil }
        guard case .answered(let response) = exchange.ending.value else { return nil }
        return response
    }

    func testAConnectBootsTheVMAndShowsItsDesktop() throws {
        let client = try bench.connected(vm)
        XCTAssertEqual(bench.state(vm), .running)
        XCTAssertEqual(
            client.progressTexts.filter { !$0.hasSuffix(")") },
            [
                "Checking that no other client is connected", "Starting the virtual machine",
                "Starting the graphical session", "Connecting to the session",
            ])
        let step = "Starting the virtual machine (waiting for the agent to answer)"
        XCTAssertTrue(client.progressTexts.contains(step), "\(client.progressTexts)")
        XCTAssertEqual(bench.sessions.map(\.state), [.connected])
        XCTAssertEqual(try bench.row(vm).intent.requestedBy, "user alice@default")
        client.hangUp()
        XCTAssert(bench.pass(upTo: .seconds(10)) { bench.sessions.isEmpty })
        XCTAssertEqual(bench.state(vm), .running, "the desktop waits, suspended")
        XCTAssertEqual(bench.host.state.liveDomain(of: vm)?.guest.session, .suspended)
        let again = try bench.connected(vm)
        XCTAssertFalse(again.progressTexts.contains("Starting the virtual machine"))
    }

    func testOthersDesktopsAndWrongPasswordsAreRefused() throws {
        XCTAssertEqual(answer(try bench.connect(VMID(3)))?.status, 404)
        XCTAssertEqual(answer(try bench.connect(vm, login: "alice:wrong"))?.status, 401)
        XCTAssertEqual(answer(try bench.connect(vm, login: "bob:hunter2"))?.status, 404)
        XCTAssertEqual(answer(try bench.ask("/qvd/list_of_vm", login: "bob:hunter2"))?.body.contains("\"id\":3"), true)
        bench.pass(.seconds(30))
        XCTAssert(bench.host.state.domains.isEmpty, "nobody started anything")
    }

    func testTwoConnectsAtOnceEndInOneSession() throws {
        let clients = [try bench.connect(vm), try bench.connect(vm)]
        bench.pass(.seconds(180))
        XCTAssertEqual(clients.filter { $0.seesNow == vm }.count, 1)
        XCTAssertEqual(bench.sessions.count, 1)
        XCTAssertEqual(bench.host.state.liveDomain(of: vm)?.guest.connections, 1)
        let loser = try XCTUnwrap(clients.first { $0.seesNow == nil })
        XCTAssertNotNil(loser.ending.value, "the other one knows")
    }

    func testANewerClientTakesTheSessionOver() throws {
        let first = try bench.connected(vm)
        let second = try bench.connected(vm)
        XCTAssertEqual(first.ending.value, .session(.cut))
        XCTAssert(second.progressTexts.contains { $0.hasPrefix("Taking the session over") }, "\(second.progressTexts)")
        XCTAssertEqual(bench.sessions.map(\.token.number), [2])
        XCTAssertEqual(second.seesNow, vm)
    }

    func testAVanishedClientIsNoticedWithinAMinute() throws {
        let client = try bench.connected(vm)
        client.vanish()
        XCTAssert(bench.pass(upTo: .seconds(65)) { bench.sessions.isEmpty })
        XCTAssertEqual(client.ending.value, .session(.clientVanished))
    }

    func testARouterThatWasKilledLeavesSessionsWhichTheNextOneEnds() throws {
        let client = try bench.connected(vm)
        try bench.killRouter()
        bench.pass(.seconds(30))
        XCTAssertEqual(client.ending.value, .broken)
        XCTAssertEqual(bench.sessions.count, 1, "nobody was there to end it")
        XCTAssertEqual(bench.state(vm), .running, "no desktop is touched")
        bench.startRouter()
        XCTAssert(bench.pass(upTo: .seconds(5)) { bench.sessions.isEmpty })
        _ = try bench.connected(vm)
        XCTAssertEqual(bench.host.state.liveDomain(of: vm)?.life, 1)
    }

    func testAKilledHouseKeeperCutsNoSession() throws {
        let client = try bench.connected(vm)
        try bench.killKeeper()
        bench.pass(.seconds(30))
        bench.startKeeper()
        bench.pass(.seconds(120))
        XCTAssertEqual(client.seesNow, vm)
        XCTAssertEqual(bench.sessions.map(\.state), [.connected])
        XCTAssertEqual(bench.host.state.liveDomain(of: vm)?.life, 1)
    }

    func testSessionsOutliveTheStore() throws {
        let client = try bench.connected(vm)
        bench.fault(.call(.failing(.store, .unreachable, perMille: 1000)))
        bench.pass(.seconds(300))
        XCTAssertEqual(client.seesNow, vm)
        let newcomer = try bench.connect(VMID(2))
        let refusal = try XCTUnwrap(answer(newcomer))
        XCTAssertGreaterThanOrEqual(refusal.status, 500, refusal.body)
        bench.heal()
        bench.pass(.seconds(30))
        XCTAssertEqual(client.seesNow, vm)
        _ = try bench.connected(VMID(2))
    }

    func testAnEndThatTheStoreDidNotTakeIsToldAgain() throws {
        let client = try bench.connected(vm)
        bench.fault(.call(.failing(.store, .unreachable, perMille: 1000)))
        client.vanish()
        XCTAssert(bench.pass(upTo: .seconds(120)) { client.ending.value != nil })
        bench.pass(.seconds(20))
        XCTAssertEqual(bench.sessions.map(\.vm), [vm], "the store still has it")
        bench.heal()
        XCTAssert(bench.pass(upTo: .seconds(10)) { bench.sessions.isEmpty })
    }

    func testStoppingAVMEndsItsSessionAndAnswersWhenItIsStopped() throws {
        let client = try bench.connected(vm)
        let stop = try bench.ask("/qvd/stop_vm", vm: vm)
        XCTAssertEqual(answer(stop)?.body, "Machine stopped")
        XCTAssertEqual(bench.state(vm), .stopped)
        XCTAssertEqual(client.ending.value, .session(.guestClosed))
        XCTAssert(bench.pass(upTo: .seconds(10)) { bench.sessions.isEmpty })
    }

    func testAVMThatCannotStartIsAClearErrorForItsUser() throws {
        bench.host.change { $0.disks.images = [:] }
        let response = try XCTUnwrap(answer(try bench.connect(vm)))
        XCTAssertEqual(response.status, 503)
        XCTAssert(response.body.contains("virtual machine"), response.body)
        // Written down just after the answer.
        XCTAssert(bench.pass(upTo: .seconds(10)) { bench.sessions.isEmpty })
    }
}
