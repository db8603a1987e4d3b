import FarmModel
import XCTest

@testable import FarmControl

/// What a VM's machine refuses: words that come late, and an end for a desktop whose row is gone.
final class VirtualMachineWithoutRowTests: XCTestCase {
    func testASilentDesktopWithoutARowIsKept() {
        var bench = MachineBench()
        bench.startCompletely()
        bench.send(.desired(nil))
        for _ in 0..<100 {
            bench.passDeadline()
            if bench.machine.outstanding?.effect == .ping { bench.answer(.failed("no route")) }
        }
        XCTAssertEqual(bench.machine.state, .running)
        XCTAssertTrue(bench.machine.isKeptWithoutRow)
    }

    func testADesktopWithARowIsNotOneThatIsKeptWithout() {
        var bench = MachineBench()
        XCTAssertFalse(bench.machine.isKeptWithoutRow)
        bench.startCompletely()
        XCTAssertFalse(bench.machine.isKeptWithoutRow)
    }

    func testAReleaseThatNobodyWaitsForChangesNothing() {
        var bench = MachineBench()
        bench.startCompletely()
        let before = bench.machine
        bench.forgetActions()
        bench.send(.released)
        XCTAssertEqual(bench.machine, before)
        XCTAssertEqual(bench.actions, [])
    }
}
