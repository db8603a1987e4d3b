import FarmModel
import XCTest

@testable import FarmControl

/// How the router stops a VM for its user, step by step.
final class RoutingStopStepTests: XCTestCase {
    private func step(
        _ state: VMState, _ wanted: Intent.Wanted, hasAsked: Bool = false
    ) -> StopStep {
        let vm = VirtualMachine(
            id: VMID(7), name: "desk", user: UserID(1), osf: OSFID(1), tag: "default",
            address: IPv4Address(bits: 0x0a03_0f07), intent: Intent(wanted: wanted),
            observation: Observation(state: state))
        return StopStep(for: DesktopFacts(vm), hasAsked: hasAsked)
    }

    func testAVMThatRunsIsAskedOnceAndWaitedFor() {
        XCTAssertEqual(step(.running, .run), .ask)
        XCTAssertEqual(step(.starting, .run), .ask)
        XCTAssertEqual(step(.stopping, .stop, hasAsked: true), .wait)
        XCTAssertEqual(step(.stopped, .stop, hasAsked: true), .done)
        XCTAssertEqual(step(.stopped, .stop), .done)
    }

    func testAVMThatIsStartedMeanwhileIsLeftToWhoStartedIt() {
        guard case .refuse(let answer) = step(.running, .run, hasAsked: true) else {
            return XCTFail("it is stopped again")
        }
        XCTAssertEqual(answer.status, 503)
    }

    func testAVMThatIsNotTheirsIsNone() {
        XCTAssertEqual(StopStep(for: nil, hasAsked: false), .refuse(.noSuchVM))
        XCTAssertEqual(StopStep(for: nil, hasAsked: true), .done)
    }

    func testAZombieIsRefused() {
        guard case .refuse(let answer) = step(.zombie, .stop, hasAsked: true) else {
            return XCTFail("a zombie cannot be stopped")
        }
        XCTAssertTrue(answer.body.contains("zombie"), answer.body)
    }
}
