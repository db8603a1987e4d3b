import FarmModel
import XCTest

@testable import FarmControl

/// A question that was given up has been asked anew and answered: then the old answer comes, and says nothing.
final class LateAnswerTests: XCTestCase {
    func testALateReadingOrItsFailureChangesNothing() {
        var bench = NodeBench.ready()
        bench.send(.storeChanged)
        let late = bench.machine.rowWords.question.number
        while bench.machine.rowWords.question.number == late, bench.turns.go() { bench.passToDeadline() }
        bench.read([])
        XCTAssertTrue(bench.findings.contains(.storeReachable))
        bench.forgetActions()
        bench.send(.readFailed("too late", number: late))
        XCTAssertEqual(bench.actions, [])
        var row = NodeBench.assignment(1)
        row.vm.intent.node = NodeBench.node
        let node = Node(id: NodeBench.node, name: "node", address: IPv4Address(bits: 0x0a03_0002), state: .running)
        let news = DesiredStateChanges(
            node: node, vms: [row.vm.id], rows: [row], abandoned: [], areReservationsOthers: false,
            revision: Revision(1))
        bench.send(.readChanges(news, about: [], number: late))
        XCTAssertEqual(bench.actions, [])
        XCTAssertEqual(bench.machine.rowWords.word(of: row.vm.id), .unknown)
    }

    func testALateFailureOfALookIsNotSaid() {
        var bench = NodeBench.ready()
        bench.lookAgain()
        let late = bench.overtakenLook()
        bench.look()
        XCTAssertTrue(bench.findings.contains(.sourceReadable(.hypervisor)))
        bench.forgetActions()
        bench.send(.lookFailed(.hypervisor, "too late", number: late))
        XCTAssertEqual(bench.actions, [])
    }
}
