import FarmModel
import XCTest

@testable import FarmControl

/// What a look at the node may and may not do, and how a daemon takes over what runs.
final class VirtualMachineSightTests: XCTestCase {
    func testALookThatBeganBeforeTheDomainWasMadeDoesNotEndIt() {
        var bench = MachineBench()
        bench.start(upTo: .domain)
        let began = bench.now
        bench.answer()
        bench.answer()
        bench.send(.observed(DomainSight(isLive: false, asOf: began)))
        XCTAssertEqual(bench.machine.state, .running)
        bench.look(isLive: false)
        XCTAssertEqual(bench.machine.progress.outstanding?.effect, .undo(.domain))
    }

    func testALookThatBeganBeforeTheDomainWasRemovedStartsNoSecondRemoval() {
        var bench = MachineBench()
        bench.startCompletely()
        bench.look(isLive: false)
        let began = bench.now
        bench.undoAll()
        bench.forgetActions()
        bench.send(.observed(DomainSight(isLive: true, epoch: Epoch(1), asOf: began)))
        XCTAssertEqual(bench.actions, [])
    }

    func testADomainMadeLateIsRemovedBeforeItsStepIsBuiltUpon() {
        for step in StartStep.allCases where step < .domain {
            var bench = MachineBench()
            bench.start(upTo: step)
            bench.look(isLive: true)
            bench.forgetActions()
            bench.answer()
            XCTAssertEqual(bench.effects, [.undo(.domain)], "\(step)")
            bench.undoAll()
            XCTAssertEqual(bench.actions.last, .requestSlot(.start), "\(step): and then the start begins anew")
        }
    }

    func testADomainMadeLateDoesNotPassForOneThatDiedUnheard() {
        for isBooting in [true, false] {
            var bench = MachineBench()
            bench.start(upTo: .domain)
            bench.answer(.unknown("no answer"))
            bench.undoAll()
            bench.takeBack()
            bench.want(.run, epoch: 2, request: 2)
            bench.send(.slotGranted)
            while bench.machine.progress.outstanding?.effect != .ping, bench.turns.go() { bench.answer() }
            if !isBooting { bench.answer() }
            bench.look(isLive: true, epoch: 2)
            XCTAssertEqual(bench.machine.state, isBooting ? .starting : .running)
            bench.look(isLive: true, epoch: 1)
            XCTAssertEqual(bench.machine.progress.outstanding?.effect, .undo(.domain))
            bench.undoAll()
            XCTAssertEqual(bench.actions.last, .requestSlot(.start), "and then it starts again")
        }
    }

    func testADomainMadeLateIsRemovedWhileWaitingUndoingAndAfterTheRelease() {
        var waiting = MachineBench()
        waiting.want(.run)
        waiting.look(isLive: true)
        XCTAssertEqual(waiting.machine.progress.outstanding?.effect, .undo(.domain))

        var undoing = MachineBench()
        undoing.start(upTo: .filter)
        undoing.answer(.failed("no"))
        undoing.look(isLive: true)
        undoing.answer()
        XCTAssertEqual(undoing.machine.progress.outstanding?.effect, .undo(.domain))

        var released = MachineBench()
        released.start(upTo: .domain)
        released.answer(.unknown("no answer"))
        released.undoAll()
        released.takeBack()
        released.look(isLive: true)
        XCTAssertEqual(released.machine.progress.outstanding?.effect, .undo(.domain))
        released.undoAll()
        XCTAssertEqual(released.releases.count, 2)
    }

    func testADomainOfANewerAssignmentThanTheLastReleasedIsNotTouched() {
        var bench = MachineBench()
        bench.start(upTo: .domain)
        bench.answer(.failed("no"))
        bench.undoAll()
        bench.takeBack()
        bench.forgetActions()
        bench.look(isLive: true, epoch: 2)
        XCTAssertEqual(bench.actions, [])
    }

    // MARK: Adoption

    func testAnAdoptedDesktopKeepsItsRowRunningAndOnlyItsRulesAndReservationAreMadeSure() {
        var bench = MachineBench()
        bench.adopt(MachineBench.assignment(state: .running))
        while bench.machine.progress.outstanding?.effect != .ping, bench.turns.go() {
            XCTAssertEqual(bench.machine.state, .running)
            bench.answer()
        }
        XCTAssertEqual(bench.effects, [.build(.filter), .build(.reservation), .ping])
        XCTAssertEqual(bench.machine.state, .running)
    }

    func testAnAdoptedDesktopThatWasStillStartingIsWaitedFor() {
        var bench = MachineBench()
        bench.adopt(MachineBench.assignment(state: .starting))
        bench.answer()
        bench.answer()
        XCTAssertEqual(bench.machine.state, .starting)
        bench.answer()
        XCTAssertEqual(bench.machine.state, .running)
    }

    func testAnAdoptedDesktopIsNotHarmedByAStepThatFailsOrDoesNotAnswer() {
        for failedStep in [StartStep.filter, .reservation] {
            var bench = MachineBench()
            bench.adopt(MachineBench.assignment(state: .running))
            while bench.machine.progress.outstanding?.effect != .build(failedStep), bench.turns.go() { bench.answer() }
            bench.answer(.failed("ebtables is locked"))
            XCTAssertEqual(bench.machine.report?.failure?.words, "ebtables is locked")
            bench.passDeadline()
            XCTAssertEqual(bench.machine.progress.outstanding?.effect, .build(failedStep), "tried again")
            bench.passDeadline()
            XCTAssertEqual(bench.machine.state, .running)
            bench.answer(.unknown("no answer"))
            bench.passDeadline()
            while bench.machine.progress.outstanding?.effect != .ping, bench.turns.go() { bench.answer() }
            XCTAssertTrue(bench.effects.allSatisfy { if case .undo = $0 { false } else { true } })
            XCTAssertNil(bench.machine.report?.failure?.words, "the trouble is over")
        }
    }

    func testAnAdoptedDesktopCanBeStoppedWhileItsRulesCannotBeMadeSure() {
        var bench = MachineBench()
        bench.adopt(MachineBench.assignment(state: .running))
        bench.answer(.failed("ebtables is locked"))
        bench.want(.stop, request: 2)
        XCTAssertEqual(bench.machine.progress.outstanding?.effect, .askPowerOff)

        var inStep = MachineBench()
        inStep.adopt(MachineBench.assignment(state: .running))
        inStep.want(.stop, request: 2)
        inStep.answer(.failed("ebtables is locked"))
        XCTAssertEqual(inStep.machine.progress.outstanding?.effect, .askPowerOff)
    }

    func testAnAdoptedDesktopThatDiesBetweenTwoTriesOfAStepIsStartedAgain() {
        var bench = MachineBench()
        bench.adopt(MachineBench.assignment(state: .running))
        bench.answer(.failed("ebtables is locked"))
        XCTAssertNil(bench.machine.progress.outstanding, "the rules are tried again later")
        bench.look(isLive: false, heard: .crashed)
        XCTAssertEqual(bench.machine.progress.outstanding?.effect, .undo(.domain), "at once, not at the next try")
    }

    func testAnAdoptedDesktopThatDiesInAStepIsStartedAgain() {
        for outcome in [PortOutcome.done, .failed("no")] {
            var bench = MachineBench()
            bench.adopt(MachineBench.assignment(state: .running))
            bench.look(isLive: false, heard: .crashed)
            bench.answer(outcome)
            bench.undoAll()
            XCTAssertEqual(bench.actions.last, .requestSlot(.start))
        }
    }

    func testADomainOfAnEarlierAssignmentIsEndedAtOnceAndTheNewOneStarted() {
        var bench = MachineBench()
        bench.adopt(MachineBench.assignment(epoch: 4), liveUnder: 3)
        XCTAssertEqual(bench.effects, [.undo(.domain)])
        bench.undoAll()
        XCTAssertEqual(bench.actions.last, .requestSlot(.start))
        XCTAssertEqual(bench.releases, [])
    }

    func testADomainThatIsNotWantedIsEndedPolitely() {
        var bench = MachineBench()
        bench.adopt(MachineBench.assignment(.stop))
        XCTAssertEqual(bench.effects, [.askPowerOff])
    }

    func testAGuestThatEndsSoonAfterItsAdoptionIsStartedAgainForItMayHaveBeenAsked() {
        var bench = MachineBench()
        bench.adopt(MachineBench.assignment(state: .running))
        while bench.machine.progress.outstanding?.effect != .ping, bench.turns.go() { bench.answer() }
        bench.answer()
        var later = bench
        bench.look(isLive: false, heard: .shutdown)
        bench.undoAll()
        XCTAssertEqual(bench.releases, [])
        later.now = later.now.advanced(by: .seconds(361))
        later.look(isLive: false, heard: .shutdown)
        later.undoAll()
        XCTAssertEqual(later.releases, [nil])
    }

    // MARK: Rows that vanish

    func testADesktopWhoseRowVanishesRunsOnUntilItIsGivenUp() {
        var bench = MachineBench()
        bench.startCompletely()
        bench.forgetActions()
        bench.send(.row(.none))
        XCTAssertEqual(bench.actions, [])
        XCTAssertTrue(bench.machine.isKeptWithoutRow)
        var back = bench
        back.want(.run)
        XCTAssertEqual(back.actions, [], "the row is back: nothing has happened")
        bench.send(.givenUp)
        XCTAssertEqual(bench.effects, [.askPowerOff])
    }

    func testAnAssignmentThatVanishesBeforeTheDesktopWasThereIsUndone() {
        for step in StartStep.allCases {
            var bench = MachineBench()
            bench.start(upTo: step)
            bench.send(.row(.none))
            bench.answer()
            // A domain that lives is kept: a store that lost its rows must not end desktops.
            XCTAssertEqual(bench.machine.progress.outstanding?.effect, step == .domain ? .ping : .undo(step))
        }
    }

    func testADesktopInUseCannotBeGivenUp() {
        var bench = MachineBench()
        bench.startCompletely()
        bench.forgetActions()
        bench.send(.givenUp)
        XCTAssertEqual(bench.actions, [])
    }
}
