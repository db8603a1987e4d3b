import FarmModel
import XCTest

@testable import FarmControl

/// A start goes on under the epoch that its begin has made.
final class VirtualMachineBeginTests: XCTestCase {
    /// A start that has begun from epoch 1 and goes on under epoch 2.
    private func begun(_ secret: AgentSecret = MachineBench.secret) -> MachineBench {
        var bench = MachineBench()
        bench.want(.run)
        bench.send(.slotGranted)
        bench.begin(.begun(Epoch(2), secret))
        return bench
    }

    private func plans(_ effect: VMEffect, in bench: MachineBench) -> [StartPlan] {
        bench.actions.compactMap {
            if case .perform(effect, _, let plan) = $0 { plan } else { nil }
        }
    }

    func testEverythingAfterTheBeginNamesItsEpoch() {
        var bench = begun()
        while bench.machine.state != .running, bench.turns.go() { bench.answer() }
        XCTAssertEqual(plans(.begin, in: bench).map(\.epoch), [Epoch(1)])
        for step in StartStep.allCases {
            XCTAssertEqual(plans(.build(step), in: bench).map(\.epoch), [Epoch(2)], "\(step)")
        }
        XCTAssertEqual(plans(.ping, in: bench).map(\.secret), [MachineBench.secret])
        bench.want(.stop, epoch: 2, request: 2)
        while bench.machine.phase != .releasing, bench.turns.go() {
            if case .askPowerOff? = bench.machine.progress.outstanding?.effect {
                bench.look(isLive: false, heard: .shutdown)
            } else {
                bench.answer()
            }
        }
        XCTAssertEqual(plans(.release(nil), in: bench).map(\.epoch), [Epoch(2)])
    }

    func testARowThatWasReadBeforeTheBeginSaysNothing() {
        var bench = begun()
        bench.want(.run)
        while bench.machine.state != .running, bench.turns.go() { bench.answer() }
        bench.forgetActions()
        bench.want(.run)
        bench.look(isLive: true, epoch: 2)
        XCTAssertEqual(bench.actions, [])
        XCTAssertFalse(bench.machine.isKeptWithoutRow)
    }

    /// After the row was read with its epoch, one with the earlier epoch is that of a restored database.
    func testAnOlderRowAfterTheNewOneIsARestoredDatabase() {
        var bench = begun()
        while bench.machine.state != .running, bench.turns.go() { bench.answer() }
        bench.want(.run, epoch: 2)
        bench.forgetActions()
        bench.want(.run)
        XCTAssertEqual(bench.actions, [])
        XCTAssertTrue(bench.machine.isKeptWithoutRow)
    }

    func testABeginWhoseAnswerWasLostIsSaidAgainWithItsSecret() {
        for secret in [MachineBench.secret, nil] {
            var bench = MachineBench()
            bench.want(.run)
            bench.send(.slotGranted)
            bench.begin(.unknown("no answer", tried: secret))
            bench.passDeadline()
            bench.send(.slotGranted)
            XCTAssertEqual(plans(.begin, in: bench).map(\.triedSecret), [nil, secret])
            XCTAssertEqual(plans(.begin, in: bench).map(\.epoch), [Epoch(1), Epoch(1)])
        }
    }

    /// The first begin was done, nobody here knows its secret: the second is refused, and what the release says of the
    /// old epoch is stale. The next reading has the new epoch, and the node goes on from there.
    func testABeginThatAnotherOneForestalledGoesOnFromTheNextReading() {
        var bench = MachineBench()
        bench.want(.run)
        bench.send(.slotGranted)
        bench.begin(.refused)
        XCTAssertEqual(bench.machine.plan?.epoch, Epoch(1), "the release names the old one")
        bench.takeBack()
        bench.forgetActions()
        bench.send(.row(.assigned(MachineBench.assignment(epoch: 2, hasBegun: true))))
        bench.send(.slotGranted)
        bench.begin(.begun(Epoch(3), MachineBench.secret))
        XCTAssertEqual(plans(.begin, in: bench).map(\.epoch), [Epoch(2)])
        XCTAssertEqual(plans(.build(.disks), in: bench).map(\.epoch), [Epoch(3)])
    }

    /// The domain dies, and the row was not read since: the same assignment is begun again from the epoch it has.
    func testARestartBeginsFromTheEpochOfTheLastBegin() {
        var bench = begun()
        while bench.machine.state != .running, bench.turns.go() { bench.answer() }
        bench.forgetActions()
        bench.look(isLive: false, heard: .crashed)
        bench.undoAll()
        bench.send(.slotGranted)
        XCTAssertEqual(plans(.begin, in: bench).map(\.epoch), [Epoch(2)])
        bench.begin(.begun(Epoch(3), MachineBench.secret))
        bench.want(.run, epoch: 2)
        while bench.machine.state != .running, bench.turns.go() { bench.answer() }
        XCTAssertEqual(plans(.build(.domain), in: bench).map(\.epoch), [Epoch(3)])
    }
}
