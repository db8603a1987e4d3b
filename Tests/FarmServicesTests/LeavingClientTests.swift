import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import SimulatedPorts
import Simulator
import XCTest

/// A client that leaves while something is being acquired for it leaves nothing behind: neither a grant nor a place in
/// the queue, neither a session nor a connection. Each test makes one of it scarce, lets clients leave at every moment
/// of their way, and then lets one come that needs it.
final class LeavingClientTests: XCTestCase {
    private let vm = VMID(1)
    private var bench: FarmBench!

    override func setUpWithError() throws {
        bench = try FarmBench(vms: 3)
        bench.startKeeper()
    }

    override func tearDown() {
        // Nil when the set-up failed.
        bench?.end()
        bench = nil
    }

    private func startRouter(_ change: (inout LoginConfiguration) -> Void) {
        var configuration = LoginConfiguration()
        change(&configuration)
        bench.startRouter(login: configuration)
        XCTAssert(bench.pass(upTo: .seconds(30)) { bench.nodeState == .running })
        bench.pass(.seconds(1))
    }

    /// The moments, in milliseconds, at which clients leave: from before the password is checked until after.
    private let moments = Array(0...12).map { $0 * 10 }

    private func status(_ exchange: SimulatedClientExchange) -> Int? {
        _ = bench.pass(upTo: .seconds(60)) { exchange.ending.value != nil }
        guard case .answered(let response) = exchange.ending.value else { return nil }
        return response.status
    }

    private func list() throws -> Int? { status(try bench.ask("/qvd/list_of_vm")) }

    func testAGrantIsGivenBackWhenTheClientLeavesDuringTheCheckOfItsPassword() throws {
        startRouter { $0.grantsMax = 1 }
        for path in ["/qvd/connect_to_vm", "/qvd/stop_vm", "/qvd/list_of_vm"] {
            for moment in moments {
                let client = try bench.ask(path, vm: vm, upgrade: path == "/qvd/connect_to_vm")
                bench.pass(.milliseconds(moment))
                client.hangUp()
                bench.pass(.seconds(5))
                XCTAssertEqual(try list(), 200, "\(path) left after \(moment) ms has kept the only grant")
            }
        }
    }

    func testAPlaceInTheQueueIsGivenBackWhenTheClientLeaves() throws {
        startRouter {
            $0.passwordChecksMax = 1
            $0.passwordChecksWaitingMax = 2
        }
        for moment in moments {
            // One is checked and two wait; all leave at once or one after the other.
            let clients = try (0..<3).map { _ in try bench.connect(vm) }
            bench.pass(.milliseconds(moment))
            for client in clients {
                client.hangUp()
                bench.pass(.milliseconds(moment % 30))
            }
            bench.pass(.seconds(5))
            let later = try (0..<3).map { _ in try bench.ask("/qvd/list_of_vm") }
            XCTAssertEqual(later.map(status), [200, 200, 200], "clients that left after \(moment) ms kept a place")
        }
    }

    /// Its claim is on its way to the store, or its connection to the guest, when the client leaves. An opening takes a
    /// few milliseconds.
    func testNoSessionAndNoConnectionStaysOfAClientThatLeaves() throws {
        startRouter { _ in }
        let first = try bench.connected(vm)
        first.hangUp()
        XCTAssert(bench.pass(upTo: .seconds(10)) { bench.sessions.isEmpty })
        var met: Set<Session.State> = []
        for moment in 0..<1500 {
            let client = try bench.connect(vm)
            bench.pass(.milliseconds(moment * 2))
            met.formUnion(bench.sessions.map(\.state))
            client.hangUp()
            XCTAssert(
                bench.pass(upTo: .seconds(60)) { bench.sessions.isEmpty },
                "a client that left after \(moment * 2) ms: \(bench.sessions)")
            // The router closed it: the guest alone would give it up much later.
            XCTAssertEqual(
                bench.host.state.liveDomain(of: vm)?.guest.connections, 0,
                "a client that left after \(moment * 2) ms has kept the guest's connection")
        }
        XCTAssertEqual(met, [.connecting, .connected], "clients did not leave on all of their way")
        _ = try bench.connected(vm)
    }

    /// Its claim, and perhaps its mark as connected too, are carried out after its end.
    func testASessionWhoseCallsCameAfterItsEndIsEnded() throws {
        startRouter { _ in }
        for (isMarked, limit) in [(false, Duration.seconds(2)), (true, .seconds(61))] {
            let client = try bench.connected(vm)
            var session = try XCTUnwrap(bench.sessions.first)
            session.state = .connecting
            client.hangUp()
            XCTAssert(bench.pass(upTo: .seconds(10)) { bench.sessions.isEmpty })
            bench.carryOut { [session] store in
                _ = try await store.claim(session)
                if isMarked { try await store.markConnected(session.token, vm: session.vm, at: session.since) }
            }
            XCTAssert(bench.pass(upTo: .seconds(1)) { !bench.sessions.isEmpty })
            XCTAssert(bench.pass(upTo: limit) { bench.sessions.isEmpty }, "connected: \(isMarked)")
        }
        let client = try bench.connected(vm)
        bench.pass(.seconds(200))
        XCTAssertEqual(bench.sessions.map(\.state), [.connected], "a session that a client has stays")
        client.hangUp()
    }
}
