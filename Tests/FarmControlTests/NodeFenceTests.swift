import FarmModel
import XCTest

@testable import FarmControl

/// A node that drains, and one that is told to fence.
final class NodeFenceTests: XCTestCase {
    private func tap(_ number: Int64) -> ObservedTap {
        ObservedTap(name: NodeBench.tap(number), isUp: true, isOnBridge: true)
    }

    /// VM 1 runs, VM 2 is at making its domain, VM 3 waits for a slot, VM 4 has no row.
    private func busyNode() -> NodeBench {
        var bench = NodeBench.ready(slots: 1)
        bench.readAgain([NodeBench.assignment(1)])
        bench.runCompletely(1)
        bench.readAgain([1, 2, 3].map { NodeBench.assignment($0) })
        while bench.effects(of: 2).last != .build(.domain) { bench.answer(2) }
        bench.lookAgain {
            $0.domains = [NodeBench.domain(1), NodeBench.domain(4)]
            $0.taps = [1, 2, 4].map(tap)
        }
        bench.forgetActions()
        return bench
    }

    private func alive(_ numbers: Int64...) -> (inout FoundOnNode) -> Void {
        { $0.domains = numbers.map { NodeBench.domain($0) } }
    }

    func testEverythingThatIsKnownToLiveIsEndedAtOnceWhateverIsWantedOfIt() {
        var bench = busyNode()
        bench.send(.fence)
        XCTAssertEqual(bench.machine.mode, .fencing)
        XCTAssertEqual(
            bench.collected,
            [1, 2, 4].map { .tap(NodeBench.tap($0)) } + [.domain(VMID(1)), .domain(VMID(4))],
            "taps first; a domain without a row, which a node keeps, is ended too")
        XCTAssertEqual(bench.findings, [.mode(.fencing)])
        for source in [NodeSource.network, .hypervisor] { XCTAssertTrue(bench.machine.inventory[source].isOut) }
    }

    func testNothingIsStartedReportedOrGivenBackAnyMore() {
        var bench = busyNode()
        bench.send(.fence)
        bench.forgetActions()
        bench.answer(2)
        bench.send(.storeChanged)
        bench.send(.readDue)
        bench.send(.repaired(VMID(1)))
        for action in bench.actions {
            switch action {
            case .look, .collect, .announce: break
            default: XCTFail("\(action)")
            }
        }
    }

    /// Everything that is being removed has reported.
    private func reportRemovals(_ bench: inout NodeBench) {
        let removed = bench.collected
        bench.forgetActions()
        for leftover in removed { bench.send(.collected(leftover)) }
    }

    func testItIsFencedOnlyByALookThatBeganAfterAllThatCouldStillMakeADomain() {
        var bench = busyNode()
        bench.send(.fence)
        reportRemovals(&bench)
        // The look that was out began before the removals; the next one did not.
        for _ in 1...2 { bench.look() }
        XCTAssertEqual(bench.machine.mode, .fencing, "VM 2's domain may still appear")
        bench.passToDeadline()
        XCTAssertTrue(bench.machine.inventory[.hypervisor].isOut, "it looks again")
        bench.answer(2)
        bench.look()
        XCTAssertEqual(bench.machine.mode, .fencing, "that look began before the domain was reported")
        XCTAssertTrue(bench.machine.inventory[.hypervisor].isOut, "it looks again at once")
        bench.look(alive(2))
        XCTAssertEqual(bench.collected, [.domain(VMID(2))])
        reportRemovals(&bench)
        bench.look()
        bench.look()
        XCTAssertEqual(bench.machine.mode, .fenced)
        XCTAssertEqual(bench.findings.last, .mode(.fenced))
        XCTAssertNil(bench.machine.deadline)
        bench.forgetActions()
        bench.pass(.seconds(100))
        bench.send(.storeChanged)
        XCTAssertEqual(bench.actions, [], "whoever serves next joins anew")
    }

    func testWhatDoesNotDieIsEndedAgainAfterAPause() {
        var bench = busyNode()
        bench.send(.fence)
        bench.answer(2, .failed("no"))
        for round in 1...5 {
            reportRemovals(&bench)
            bench.look(alive(1))
            bench.look(alive(1))
            XCTAssertEqual(bench.collected, [], "round \(round): there was no pause yet")
            for _ in 0..<3 where bench.collected.isEmpty {
                bench.passToDeadline()
                bench.look(alive(1))
            }
            XCTAssertEqual(bench.collected, [.domain(VMID(1))], "round \(round)")
            XCTAssertEqual(bench.machine.mode, .fencing)
        }
        bench.forgetActions()
        for _ in 0..<3 {
            bench.passToDeadline()
            bench.look(alive(1))
        }
        XCTAssertEqual(bench.collected, [], "it is being ended: nothing is asked twice")
    }

    func testALookThatFailsOrHangsIsTakenAgain() {
        var bench = busyNode()
        bench.send(.fence)
        bench.answer(2, .failed("no"))
        reportRemovals(&bench)
        bench.failAll("away")
        bench.passToDeadline()
        let hung = bench.machine.inventory[.hypervisor].number
        bench.pass(.seconds(91))
        bench.pass(.seconds(2))
        XCTAssertGreaterThan(bench.machine.inventory[.hypervisor].number, hung)
        bench.look()
        bench.look()
        XCTAssertEqual(bench.machine.mode, .fenced)
    }

    func testOnlyTheHypervisorSaysThatNothingLives() {
        var bench = NodeBench()
        bench.send(.fence)
        for _ in 1...3 { bench.look(except: .hypervisor) }
        XCTAssertEqual(bench.machine.mode, .fencing)
    }

    func testANodeThatKnowsNothingYetFencesToo() {
        var bench = NodeBench()
        bench.send(.fence)
        bench.look(alive(7))
        bench.look(alive(7))
        XCTAssertEqual(bench.collected, [.domain(VMID(7))])
        reportRemovals(&bench)
        bench.look()
        bench.look()
        XCTAssertEqual(bench.machine.mode, .fenced)
    }

    // MARK: Draining

    func testANodeThatDrainsGoesOnWithWhatItHas() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.runCompletely(1)
        bench.isDraining = true
        bench.readAgain([NodeBench.assignment(1, state: .running), NodeBench.assignment(2)])
        XCTAssertEqual(bench.machine.mode, .draining)
        XCTAssertEqual(bench.effects(of: 2), [.begin], "it was assigned before the node was to drain")
        bench.runCompletely(2)
        bench.isDraining = false
        bench.readAgain([NodeBench.assignment(1, state: .running), NodeBench.assignment(2, state: .running)])
        XCTAssertEqual(bench.machine.mode, .serving)
        XCTAssertEqual(
            bench.findings.filter { if case .mode = $0 { true } else { false } }, [.mode(.draining), .mode(.serving)])
    }

    func testANodeThatJoinsWhileItDrainsSaysSo() {
        var bench = NodeBench()
        bench.isDraining = true
        bench.look()
        bench.read([])
        XCTAssertEqual(bench.machine.mode, .draining)
        var other = NodeBench()
        other.isDraining = true
        other.read([])
        other.look()
        XCTAssertEqual(other.machine.mode, .draining)
    }
}
