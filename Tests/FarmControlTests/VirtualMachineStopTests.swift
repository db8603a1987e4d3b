import FarmModel
import XCTest

@testable import FarmControl

final class VirtualMachineStopTests: XCTestCase {
    private var running: MachineBench {
        var bench = MachineBench()
        bench.startCompletely()
        bench.forgetActions()
        return bench
    }

    private let allUndone = StartStep.allCases.reversed().map { VMEffect.undo($0) }

    func testAStopAsksTheAgentThenTheGuestThenEndsTheDomain() {
        var bench = running
        bench.want(.stop, request: 2)
        bench.answer()
        XCTAssertEqual(bench.effects, [.askPowerOff], "the guest has its time")
        bench.passDeadline()
        bench.answer()
        bench.passDeadline()
        bench.undoAll()
        XCTAssertEqual(bench.effects, [.askPowerOff, .askShutdown] + allUndone)
        XCTAssertEqual(bench.releases, [nil])
    }

    func testAnAskingThatFailsOrHangsIsFollowedByTheNextStronger() {
        for answers in [true, false] {
            var bench = running
            bench.want(.stop, request: 2)
            answers ? bench.answer(.failed("refused")) : bench.passDeadline()
            XCTAssertEqual(bench.machine.progress.outstanding?.effect, .askShutdown)
            answers ? bench.answer(.unknown("no answer")) : bench.passDeadline()
            XCTAssertEqual(bench.machine.progress.outstanding?.effect, .undo(.domain))
        }
    }

    func testAGuestThatEndsWhenAskedIsUndoneAtOnce() {
        var bench = running
        bench.want(.stop, request: 2)
        bench.answer()
        bench.look(isLive: false, heard: .shutdown)
        bench.undoAll()
        XCTAssertEqual(bench.effects, [.askPowerOff] + allUndone)
        XCTAssertEqual(bench.releases, [nil])
    }

    func testAStopWaitsForASlotAndGivesItBackWhenAllIsUndone() {
        var bench = running
        bench.hasSlotsForStops = false
        bench.want(.stop, request: 2)
        XCTAssertEqual(bench.actions, [.requestSlot(.stop)])
        XCTAssertEqual(bench.machine.report?.detail.words, "waiting for other VMs that are starting or stopping")
        XCTAssertEqual(bench.machine.state, .stopping)
        XCTAssertTrue(bench.machine.needsFilter(asOf: bench.now), "the guest still runs")
        bench.send(.slotGranted)
        bench.answer()
        bench.look(isLive: false, heard: .shutdown)
        XCTAssertFalse(bench.actions.contains(.releaseSlot))
        bench.undoAll()
        XCTAssertEqual(bench.actions.suffix(2).first, .releaseSlot)
        XCTAssertEqual(bench.releases, [nil])
    }

    /// A stop that is not read yet, of a start that the daemon's predecessor had begun.
    func testARefusedStartIsUndoneAndGivenBackOnce() {
        for hasBegun in [false, true] {
            var bench = MachineBench()
            bench.send(.row(.assigned(MachineBench.assignment(hasBegun: hasBegun))))
            bench.send(.slotGranted)
            bench.forgetActions()
            bench.begin(.refused)
            bench.undoAll()
            XCTAssertEqual(bench.effects, hasBegun ? allUndone : [])
            XCTAssertEqual(bench.releases, [nil])
            XCTAssertEqual(bench.actions.filter { $0 == .releaseSlot }, [.releaseSlot])
        }
    }

    /// What was refused is wanted again when the store says so.
    func testARefusedStartIsTriedAgainWhenItIsReadAgain() {
        var bench = MachineBench()
        bench.send(.row(.assigned(MachineBench.assignment(hasBegun: true))))
        bench.send(.slotGranted)
        bench.begin(.refused)
        bench.send(.row(.assigned(MachineBench.assignment(request: 3, hasBegun: true))))
        bench.undoAll()
        XCTAssertEqual(bench.actions.last, .requestSlot(.start))
        XCTAssertEqual(bench.releases, [])
    }

    func testAGuestThatEndsWhileItsStopWaitsTakesNoSlot() {
        var bench = running
        bench.hasSlotsForStops = false
        bench.want(.stop, request: 2)
        bench.look(isLive: false, heard: .shutdown)
        bench.undoAll()
        XCTAssertEqual(bench.effects, allUndone)
        XCTAssertEqual(bench.actions.filter { $0 == .releaseSlot }, [.releaseSlot])
        bench.send(.slotGranted)
        XCTAssertEqual(bench.actions.last, .releaseSlot, "a slot that comes too late goes on to the next")
    }

    func testASilentAgentsGuestIsEndedWhenThereIsASlot() {
        var bench = running
        bench.hasSlotsForStops = false
        while bench.machine.state == .running, bench.turns.go() {
            bench.passDeadline()
            if bench.machine.progress.outstanding != nil { bench.answer(.failed("no route")) }
        }
        XCTAssertEqual(bench.actions.last, .requestSlot(.stop))
        bench.send(.slotGranted)
        XCTAssertEqual(bench.machine.progress.outstanding?.effect, .askShutdown)
    }

    func testAStartWhileStoppingStartsAgainAfterTheUndoingWithoutARelease() {
        var bench = running
        bench.want(.stop, request: 2)
        bench.want(.run, request: 3)
        bench.answer()
        bench.look(isLive: false)
        bench.undoAll()
        XCTAssertEqual(bench.actions.last, .requestSlot(.start))
        XCTAssertEqual(bench.releases, [])
        XCTAssertEqual(bench.machine.plan?.request, 3)
    }

    func testAStartWhileReleasingIsLeftToTheStore() {
        var bench = running
        bench.want(.stop, request: 2)
        bench.look(isLive: false)
        bench.undoAll()
        bench.want(.run, request: 3)
        XCTAssertEqual(bench.releases.count, 1)
        bench.takeBack()
        XCTAssertTrue(bench.machine.isIdle)
        bench.want(.run, epoch: 1, request: 3)
        XCTAssertTrue(bench.machine.isIdle, "a reading from before the release starts nothing")
        bench.want(.run, epoch: 2, request: 3)
        XCTAssertEqual(bench.actions.last, .requestSlot(.start))
    }

    func testAZombieKeepsItsRowAndIsTriedAgainWithGrowingPauses() {
        for step in StartStep.allCases {
            var bench = running
            bench.want(.stop, request: 2)
            bench.look(isLive: false)
            while bench.machine.progress.outstanding?.effect != .undo(step), bench.turns.go() { bench.answer() }
            var pauses: [Duration] = []
            for _ in 0..<6 {
                bench.answer(.failed("busy"))
                XCTAssertEqual(bench.machine.state, .zombie)
                XCTAssertEqual(bench.machine.report?.failure?.words, "busy")
                if let deadline = bench.machine.deadline { pauses.append(bench.now.duration(to: deadline)) }
                bench.passDeadline()
                XCTAssertEqual(bench.machine.progress.outstanding?.effect, .undo(step))
                XCTAssertEqual(bench.machine.state, .zombie, "not confirmed yet")
            }
            XCTAssertEqual(pauses, [5, 10, 20, 40, 60, 60].map { .seconds($0) })
            bench.undoAll()
            XCTAssertEqual(bench.releases, [nil], "a stop that succeeded in the end is no failure")
        }
    }

    func testAnUndoingThatDoesNotAnswerIsNeverOvertaken() {
        var bench = running
        bench.want(.stop, request: 2)
        bench.look(isLive: false)
        bench.forgetActions()
        bench.passDeadline()
        XCTAssertEqual(bench.machine.state, .zombie)
        XCTAssertNil(bench.machine.deadline)
        bench.send(.tick)
        bench.want(.run, request: 3)
        XCTAssertEqual(bench.effects, [])
        bench.answer(.unknown("no answer"))
        XCTAssertEqual(bench.effects, [.undo(.domain)])
    }

    func testTroubleInUndoingDoesNotFailTheRestartOfADesktop() {
        var bench = running
        bench.look(isLive: false, heard: .crashed)
        bench.answer(.unknown("no answer"))
        bench.passDeadline()
        bench.undoAll()
        XCTAssertEqual(bench.releases, [])
        XCTAssertEqual(bench.actions.last, .requestSlot(.start))
    }

    func testAGuestThatPowersItselfOffIsReleasedWithoutAnError() {
        for reason in [StopReason.shutdown, .destroyed] {
            var bench = running
            bench.look(isLive: false, heard: reason)
            bench.undoAll()
            XCTAssertEqual(bench.releases, [nil], "\(reason)")
        }
    }

    func testADesktopThatDiesAgainAndAgainIsGivenUpWithTheReason() {
        var bench = MachineBench()
        bench.startCompletely()
        for death in 1...4 {
            bench.look(isLive: false, heard: death == 1 ? nil : .crashed)
            bench.undoAll()
            guard death < 4 else { break }
            XCTAssertEqual(bench.releases, [], "death \(death)")
            bench.send(.slotGranted)
            while bench.machine.state != .running, bench.turns.go() { bench.answer() }
        }
        XCTAssertEqual(bench.releases.count, 1)
        XCTAssertTrue(bench.releases.first??.contains("died 4 times") == true, "\(bench.releases)")
    }

    func testADesktopThatRanLongEnoughIsStartedAgainAsIfItHadNeverDied() {
        var bench = MachineBench()
        bench.startCompletely()
        for _ in 1...10 {
            bench.now = bench.now.advanced(by: bench.machine.limits.stableAfter)
            bench.look(isLive: false, heard: .crashed)
            bench.undoAll()
            bench.send(.slotGranted)
            while bench.machine.state != .running, bench.turns.go() { bench.answer() }
        }
        XCTAssertEqual(bench.releases, [])
    }

    func testASilentAgentIsGivenUpOnlyAfterManyMissesAndALongSilence() {
        var limits = VMTimeLimits()
        for debugs in [false, true] {
            limits.debugs = debugs
            var bench = MachineBench(limits)
            bench.startCompletely()
            let since = bench.now
            var misses = 0
            while bench.machine.state == .running, misses < 1000 {
                bench.passDeadline()
                guard bench.machine.progress.outstanding?.effect == .ping else { continue }
                bench.answer(.failed("no route"))
                misses += 1
            }
            XCTAssertGreaterThanOrEqual(misses, limits.missesMax)
            XCTAssertGreaterThanOrEqual(since.duration(to: bench.now), limits.silenceMax)
            XCTAssertEqual(bench.machine.state, debugs ? .debugging : .stopping)
            guard debugs else { continue }
            bench.passDeadline()
            bench.answer()
            XCTAssertEqual(bench.machine.state, .running, "an agent that comes back is welcome")
        }
    }

    func testAnAssignmentThatIsWantedToStopIsUndoneAndReleased() {
        var bench = MachineBench()
        bench.want(.stop)
        bench.undoAll()
        XCTAssertEqual(bench.effects, allUndone)
        XCTAssertEqual(bench.releases, [nil])
    }

    func testAnotherEpochEndsTheOldStartBeforeTheNewOne() {
        var bench = running
        bench.want(.run, epoch: 3, request: 5)
        XCTAssertEqual(bench.effects, [.undo(.domain)], "the old one may be anywhere by now")
        bench.undoAll()
        XCTAssertEqual(bench.machine.plan?.epoch, Epoch(1), "the release names the old one")
        bench.takeBack()
        bench.want(.run, epoch: 3, request: 5)
        XCTAssertEqual(bench.actions.last, .requestSlot(.start))
        XCTAssertEqual(bench.machine.plan?.epoch, Epoch(3))
    }
}
