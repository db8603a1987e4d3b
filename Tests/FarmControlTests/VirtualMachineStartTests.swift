import FarmModel
import XCTest

@testable import FarmControl

final class VirtualMachineStartTests: XCTestCase {
    func testAStartBuildsEveryStepInOrderAndThenListensForTheAgent() {
        var bench = MachineBench()
        bench.startCompletely()
        XCTAssertEqual(bench.effects, [.begin] + StartStep.allCases.map { .build($0) } + [.ping])
        XCTAssertEqual(bench.machine.state, .running)
        XCTAssertEqual(bench.machine.report?.image, MachineBench.image.id)
    }

    func testTheRulesAreInPlaceBeforeTheDomainIsMade() {
        XCTAssertLessThan(StartStep.tap, .filter)
        XCTAssertLessThan(StartStep.filter, .domain)
        XCTAssertEqual(StartStep.allCases.last, .domain)
    }

    func testAFailedStepUndoesItselfAndAllBeforeItInReverse() {
        for step in StartStep.allCases {
            for outcome in [PortOutcome.failed("no"), .unknown("no answer")] {
                var bench = MachineBench()
                bench.start(upTo: step)
                bench.forgetActions()
                bench.answer(outcome)
                bench.undoAll()
                let expected = StartStep.allCases.filter { $0 <= step }.reversed().map { VMEffect.undo($0) }
                XCTAssertEqual(bench.effects, expected, "\(step)")
                XCTAssertEqual(bench.releases, [outcome == .failed("no") ? "no" : "no answer"], "\(step)")
                XCTAssertTrue(bench.actions.contains(.releaseSlot), "\(step)")
            }
        }
    }

    func testAStepThatDoesNotAnswerIsWaitedForAndThenUndone() {
        for step in StartStep.allCases {
            var bench = MachineBench()
            bench.start(upTo: step)
            bench.forgetActions()
            bench.passDeadline()
            XCTAssertEqual(bench.machine.state, .zombie, "\(step)")
            XCTAssertEqual(bench.effects, [], "\(step): nothing may be begun while it is out")
            XCTAssertEqual(bench.actions, [.releaseSlot], "\(step): others may start meanwhile")
            bench.answer()
            bench.undoAll()
            XCTAssertEqual(bench.effects.first, .undo(step))
            XCTAssertEqual(bench.releases.count, 1)
            XCTAssertTrue(bench.releases.first??.contains("90 s") == true, "\(bench.releases)")
        }
    }

    func testAStopDuringAStepIsMetWhenTheStepReports() {
        for step in StartStep.allCases {
            var bench = MachineBench()
            bench.start(upTo: step)
            bench.forgetActions()
            bench.want(.stop, request: 2)
            XCTAssertEqual(bench.effects, [], "\(step)")
            bench.answer()
            XCTAssertEqual(bench.effects, [step == .domain ? .askShutdown : .undo(step)])
        }
    }

    func testAStopWhileWaitingForASlotGivesThePlaceBack() {
        var bench = MachineBench()
        bench.want(.run)
        XCTAssertEqual(bench.actions, [.requestSlot(.start)])
        bench.want(.stop, request: 2)
        XCTAssertEqual(bench.effects, [], "nothing was begun, so nothing is touched")
        XCTAssertEqual(bench.actions.filter { $0 == .releaseSlot }, [.releaseSlot])
        XCTAssertEqual(bench.releases, [nil])
        bench.send(.slotGranted)
        XCTAssertEqual(bench.actions.last, .releaseSlot, "a slot that comes too late goes on to the next")
    }

    func testAStopAndANewStartDuringAStepGoOnWithTheStart() {
        var bench = MachineBench()
        bench.start(upTo: .filter)
        bench.want(.stop, request: 2)
        bench.want(.run, request: 3)
        bench.answer()
        XCTAssertEqual(bench.machine.progress.outstanding?.effect, .build(.reservation))
    }

    func testWithoutAUsableImageTheVMIsReleasedWithWhatToDo() {
        var blocked = MachineBench.image
        blocked.isBlocked = true
        for (images, remedy) in [([], "qvd di add"), ([blocked], "qvd di unblock 3")] {
            var bench = MachineBench()
            bench.send(.row(.assigned(MachineBench.assignment(images: images))))
            bench.undoAll()
            XCTAssertTrue(bench.releases.first??.contains(remedy) == true, "\(bench.releases)")
            XCTAssertEqual(bench.effects, [], "nothing was begun, so nothing is touched")
        }
    }

    func testAnAgentThatNeverAnswersEndsTheStartWithTheReason() {
        var bench = MachineBench()
        bench.start(upTo: .domain)
        bench.answer()
        var pings = 0
        while bench.machine.progress.outstanding?.effect == .ping, pings < 1000 {
            bench.answer(.failed("no route"))
            if bench.machine.progress.outstanding == nil { bench.passDeadline() }
            pings += 1
        }
        XCTAssertEqual(bench.machine.progress.outstanding?.effect, .askShutdown)
        bench.answer(.failed("not running"))
        bench.undoAll()
        XCTAssertTrue(bench.releases.first??.contains("180 s") == true, "\(bench.releases)")
    }

    func testThePingThatHangsCountsAsMissed() {
        var bench = MachineBench()
        bench.start(upTo: .domain)
        bench.answer()
        let first = bench.machine.progress.outstanding?.id
        bench.passDeadline()
        bench.passDeadline()
        XCTAssertEqual(bench.machine.progress.outstanding?.effect, .ping)
        XCTAssertNotEqual(bench.machine.progress.outstanding?.id, first)
    }

    func testTheSlotIsHeldUntilTheAgentAnswers() {
        var bench = MachineBench()
        bench.start(upTo: .domain)
        bench.answer()
        XCTAssertFalse(bench.actions.contains(.releaseSlot))
        bench.answer()
        XCTAssertEqual(bench.actions.last, .releaseSlot)
    }

    func testASystemThatIsNotUpYetIsWaitedForUpToTheLimit() {
        var bench = MachineBench()
        bench.start(upTo: .reservation)
        let began = bench.now
        while bench.machine.progress.outstanding?.effect == .build(.reservation), bench.turns.go() {
            bench.answer(.notYet("the DHCP server is down"))
            if bench.machine.progress.outstanding == nil { bench.passDeadline() }
            XCTAssertLessThan(began.duration(to: bench.now), .seconds(30), "it is waited for for ever")
            if began.duration(to: bench.now) > .seconds(30) { return }
        }
        XCTAssertGreaterThan(began.duration(to: bench.now), bench.machine.limits.notYetMax)
        XCTAssertEqual(bench.machine.progress.outstanding?.effect, .undo(.reservation))
        XCTAssertEqual(bench.machine.report?.failure?.words, "the DHCP server is down")
    }

    func testASystemThatIsNotUpYetIsNotWaitedForByAVMThatIsToStop() {
        var bench = MachineBench()
        bench.start(upTo: .reservation)
        bench.want(.stop, request: 2)
        bench.answer(.notYet("the DHCP server is down"))
        XCTAssertEqual(bench.machine.progress.outstanding?.effect, .undo(.reservation))
    }

    func testALateAnswerOfAnOldEffectChangesNothing() {
        var bench = MachineBench()
        bench.startCompletely()
        let before = bench.machine
        for number in Int64(0)...8 where number != before.progress.outstanding?.id.number {
            bench.send(.finished(VMEffectID(vm: MachineBench.vm, number: number), .failed("old")))
        }
        XCTAssertEqual(bench.machine, before)
    }
}
