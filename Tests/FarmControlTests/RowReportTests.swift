import FarmModel
import XCTest

@testable import FarmControl

/// Which changes of a VM are worth a row, and when.
final class RowReportTests: XCTestCase {
    private let vm = VMID(1)

    private func begun() -> NodeBench {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.begin(1)
        bench.send(.reported(vm, .done))
        return bench
    }

    func testThatAStartBeginsIsToldByTheBeginAlone() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        XCTAssertEqual(bench.records(of: 1), [])
        bench.begin(1)
        XCTAssertEqual(bench.records(of: 1).map(\.detail), [VMDetail.building(.disks, nil).words])
    }

    func testABeginThatIsNotAnsweredIsTold() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.pass(.seconds(1))
        XCTAssertEqual(bench.records(of: 1).map(\.detail), [VMDetail.tellingStore.words])
    }

    func testTheStepsOfAQuickStartAreNotToldOneByOne() {
        var bench = begun()
        bench.runCompletely(1)
        bench.send(.reported(vm, .done))
        bench.pass(.seconds(1))
        XCTAssertEqual(bench.records(of: 1).map(\.state), [.starting, .running])
    }

    func testAStepThatLastsIsToldAndNoMoreThanOneInASecond() {
        var bench = begun()
        bench.answer(1)
        let due = bench.now.advanced(by: NodePolicy().detailAfter)
        bench.pass(.milliseconds(600))
        bench.answer(1)
        XCTAssertEqual(bench.machine.reports.deadline, due, "not put off by the next step")
        bench.pass(.milliseconds(390))
        XCTAssertEqual(bench.records(of: 1).count, 1)
        bench.passToDeadline()
        let step = VMDetail.building(.filter, nil)
        XCTAssertEqual(bench.machine.vms[vm]?.report?.detail, step)
        XCTAssertEqual(bench.records(of: 1).dropFirst().map(\.detail), [step.words])
        bench.send(.reported(vm, .done))
        bench.pass(.seconds(10))
        XCTAssertEqual(bench.records(of: 1).count, 2, "nothing is new")
    }

    func testAStepThatTheRowSaysAlreadyIsNotToldAgain() {
        var bench = begun()
        XCTAssertNil(bench.machine.reports.deadline)
        bench.pass(.seconds(10))
        XCTAssertEqual(bench.records(of: 1).count, 1)
    }

    func testATroubleIsToldAtOnce() {
        var bench = begun()
        bench.answer(1, .failed("disk full"))
        XCTAssertEqual(bench.records(of: 1).last?.lastError, "disk full")
    }

    func testARowThatIsToldAgainIsToldItsNewestStep() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.begin(1)
        bench.answer(1)
        bench.send(.reported(vm, .failed))
        bench.pass(.seconds(1))
        XCTAssertEqual(bench.records(of: 1).count, 2)
        XCTAssertEqual(bench.records(of: 1).last?.detail, bench.machine.vms[vm]?.report?.detail.words)
        XCTAssertNil(bench.machine.reports.deadline)
    }
}
