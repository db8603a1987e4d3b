import FarmModel
import XCTest

@testable import FarmControl

/// What becomes of a running desktop when its row says something else than it did.
final class VirtualMachineOwnershipTests: XCTestCase {
    private func row(_ wanted: Intent.Wanted, on node: NodeID?, epoch: Int64) -> Assignment {
        var row = MachineBench.assignment(wanted, epoch: epoch)
        row.vm.intent.node = node
        return row
    }

    private func running() -> MachineBench {
        var bench = MachineBench()
        bench.startCompletely()
        bench.forgetActions()
        return bench
    }

    func testTheGuestOfAFreedVMIsAskedFirst() {
        var bench = running()
        bench.send(.row(.elsewhere(row(.stop, on: nil, epoch: 1))))
        XCTAssertEqual(bench.effects, [.askPowerOff])
    }

    func testAVMThatIsElsewhereEndsAtOnceAndItsDisksAreLeftToTheOtherNode() {
        for epoch in [Int64(1), 2] {
            var bench = running()
            bench.send(.row(.elsewhere(row(.run, on: NodeID(9), epoch: epoch))))
            XCTAssertEqual(bench.effects, [.undo(.domain)])
            bench.undoAll()
            XCTAssertEqual(
                bench.effects,
                [.undo(.domain), .undo(.secret), .undo(.reservation), .undo(.filter), .undo(.tap)], "epoch \(epoch)")
            XCTAssertEqual(bench.releases, [nil])
        }
    }

    /// A step hangs, as on a storage that does not answer; the VM runs elsewhere by now.
    func testADomainIsEndedBesideAnEffectThatDoesNotAnswer() {
        var bench = MachineBench()
        bench.adopt(MachineBench.assignment(state: .running))
        bench.forgetActions()
        bench.send(.row(.elsewhere(row(.run, on: NodeID(9), epoch: 2))))
        guard case .endDomain(let plan)? = bench.actions.first else { return XCTFail("\(bench.actions)") }
        XCTAssertEqual(plan.epoch, Epoch(1))
        XCTAssertEqual(bench.actions.count, 1, "nothing is undone before the step has reported")
        bench.look(isLive: true)
        XCTAssertEqual(bench.actions.count, 2, "it lives on: once more")
        bench.look(isLive: false)
        XCTAssertEqual(bench.actions.count, 2)
        bench.answer(.failed("late"))
        XCTAssertEqual(bench.effects, [.undo(.domain)])
    }

    func testADomainThatIsWantedIsNotEndedBesideAnEffect() {
        var bench = MachineBench()
        bench.adopt(MachineBench.assignment(state: .running))
        bench.forgetActions()
        bench.want(.run, request: 2)
        bench.look(isLive: true)
        bench.want(.stop, request: 3)
        bench.look(isLive: true)
        bench.send(.row(.none))
        bench.look(isLive: true)
        XCTAssertEqual(bench.actions, [], "whoever asks politely waits for the step")
    }

    func testAnAssignmentThatIsStartedAnewHereEndsTheOldDomainAndLeavesTheDisks() {
        var bench = running()
        bench.want(.run, epoch: 2)
        bench.undoAll()
        XCTAssertEqual(bench.effects.first, .undo(.domain))
        XCTAssertFalse(bench.effects.contains(.undo(.disks)), "the next start of this VM has its overlay made anew")
    }

    func testADesktopNewerThanItsRowIsKept() {
        for wanted in [Intent.Wanted.run, .stop] {
            var bench = MachineBench()
            bench.want(.run, epoch: 5)
            bench.send(.slotGranted)
            bench.begin()
            while bench.machine.state != .running, bench.turns.go() { bench.answer() }
            bench.forgetActions()
            bench.send(.row(.assigned(row(wanted, on: NodeID(1), epoch: 3))))
            XCTAssertEqual(bench.actions, [], "a restored database ends no desktop")
            XCTAssertTrue(bench.machine.isKeptWithoutRow)
        }
    }
}
