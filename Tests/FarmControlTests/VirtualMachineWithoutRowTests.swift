import FarmModel
import XCTest

@testable import FarmControl

/// A desktop whose row is gone is not ended for it.
final class VirtualMachineWithoutRowTests: XCTestCase {
    func testASilentDesktopWithoutARowIsKept() {
        var bench = MachineBench()
        bench.startCompletely()
        bench.send(.row(.none))
        for _ in 0..<100 {
            bench.passDeadline()
            if bench.machine.progress.outstanding?.effect == .ping { bench.answer(.failed("no route")) }
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
}
