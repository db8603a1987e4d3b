import FarmModel
import XCTest

@testable import FarmControl

/// The agents of a node that have answered are asked together; each that does not answer is on its own.
final class NodeSweepTests: XCTestCase {
    private static let numbers = Array(Int64(1)...20)

    /// A node whose VMs run, each since another moment.
    private func running(_ numbers: [Int64] = numbers) -> NodeBench {
        var bench = NodeBench.ready(slots: numbers.count)
        bench.readAgain(numbers.map { NodeBench.assignment($0) })
        for number in numbers {
            bench.pass(.milliseconds(700))
            bench.runCompletely(number)
        }
        bench.forgetActions()
        return bench
    }

    private func asked(_ bench: NodeBench) -> [VMID] {
        bench.actions.compactMap { if case .perform(.ping, let id, _) = $0 { id.vm } else { nil } }
    }

    func testOneSweepAsksAllWhoAnsweredAndBetweenSweepsNobodyIsWokenForThem() {
        var bench = running()
        for _ in 0..<3 {
            XCTAssertNil(bench.machine.vms.deadline, "no VM wants to be woken by itself")
            bench.send(.agentsDue)
            XCTAssertEqual(asked(bench), Self.numbers.map { VMID($0) })
            bench.forgetActions()
            bench.send(.agentsDue)
            XCTAssertEqual(asked(bench), [], "who has not answered yet is not asked twice at once")
            for number in Self.numbers { bench.answer(number) }
            bench.forgetActions()
        }
    }

    func testWhoDoesNotAnswerIsAskedAgainSoonAndNotWithTheOthers() throws {
        var bench = running([1, 2])
        bench.send(.agentsDue)
        bench.answer(1, .failed("no route"))
        bench.answer(2)
        let missed = bench.now
        bench.forgetActions()
        let deadline = try XCTUnwrap(bench.machine.vms.deadline)
        XCTAssertEqual(missed.duration(to: deadline), VMTimeLimits().pingAfterMiss - .milliseconds(1))
        bench.send(.agentsDue)
        XCTAssertEqual(asked(bench), [VMID(2)])
        bench.answer(2)
        bench.forgetActions()
        bench.now = deadline
        bench.send(.tick)
        XCTAssertEqual(asked(bench), [VMID(1)])
        bench.answer(1)
        bench.forgetActions()
        bench.send(.agentsDue)
        XCTAssertEqual(asked(bench), [VMID(1), VMID(2)], "who answers again belongs to the sweep again")
    }

    func testAQuestionOfASweepHasALimitOfItsOwn() {
        var bench = running([1, 2])
        bench.send(.agentsDue)
        bench.answer(2)
        bench.forgetActions()
        bench.pass(VMTimeLimits().call)
        XCTAssertEqual(asked(bench), [], "it counts as missed")
        bench.pass(VMTimeLimits().pingAfterMiss)
        XCTAssertEqual(asked(bench), [VMID(1)])
    }

    func testABootingAgentIsNotKeptWaitingForASweep() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        while asked(bench).isEmpty, bench.turns.go() { bench.answer(1) }
        bench.answer(1, .failed("no route"))
        bench.forgetActions()
        bench.send(.agentsDue)
        XCTAssertEqual(asked(bench), [])
        bench.pass(VMTimeLimits().bootPing)
        XCTAssertEqual(asked(bench), [VMID(1)])
    }
}
