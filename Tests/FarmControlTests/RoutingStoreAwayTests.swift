import FarmControl
import FarmModel
import XCTest

/// A store that is away for a moment refuses nobody: each step that reads or writes it is tried again.
final class RoutingStoreAwayTests: XCTestCase {
    private var running: ConnectMachine.Event {
        let vm = VirtualMachine(
            id: VMID(7), name: "v", user: UserID(1), osf: OSFID(1), tag: "default", address: IPv4Address(bits: 1),
            intent: Intent(wanted: .run, node: NodeID(1)), observation: Observation(state: .running))
        return .desktopRead(DesktopFacts(vm))
    }

    /// What comes of each step, and the step.
    private func way() throws -> [(event: ConnectMachine.Event, next: ConnectMachine.Action)] {
        let name = try XCTUnwrap(LoginName("alice"))
        return [
            (.begin, .authenticate), (.authenticated(Grant(token: "token", name: name)), .readNode),
            (.nodeRead(isBlocked: false), .readDesktop), (running, .claim), (.claimed, .readDesktop),
            (running, .startSession), (.sessionStarted, .readGuestState), (.guestState(.listening), .markConnected),
        ]
    }

    private func machine(after steps: Int) throws -> ConnectMachine {
        let request = try ConnectRequest(upgrade: "QVD/1.0", connection: "Upgrade", query: [("id", "7")])
        var machine = ConnectMachine(request: .success(request))
        for (event, next) in try way().prefix(steps) {
            XCTAssertEqual(machine.receive(event, at: .start).last, next)
        }
        return machine
    }

    func testAStepThatTheStoreDidNotAnswerIsTriedAgain() throws {
        for (steps, again) in [(2, ConnectMachine.Action.readNode), (3, .readDesktop), (4, .claim), (5, .readDesktop)] {
            var machine = try machine(after: steps)
            let away = machine.receive(.failed(.init("no database", isTransient: true)), at: .start)
            guard case .wait(let until, forStore: true)? = away.last else { return XCTFail("\(again): \(away)") }
            XCTAssertEqual(machine.receive(.waited, at: until), [again])
            XCTAssertNil(machine.ending)
        }
        var marking = try machine(after: 8)
        _ = marking.receive(.failed(.init("no database", isTransient: true)), at: .start)
        XCTAssertEqual(marking.receive(.waited, at: .start), [.markConnected])
    }

    func testWhatTheStoreRefusesIsNotTriedAgain() throws {
        for steps in [2, 3, 4, 5, 8] {
            var machine = try machine(after: steps)
            XCTAssertEqual(machine.receive(.failed(.init("no", isTransient: false)), at: .start), [])
            XCTAssertEqual(machine.ending?.answer?.status, 503)
        }
    }
}
