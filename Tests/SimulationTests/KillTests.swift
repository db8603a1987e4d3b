import FarmModel
import Scenarios
import SimulatedPorts
import XCTest

/// HKD and L7R are killed at every single step of what they do: before the effect of each port call, and after it.
/// Each time every rule must hold, and the farm must come to rest, serve its user, and end empty.
final class KillTests: XCTestCase {
    /// A user logs in, stays for a while, comes back, and stops their VM.
    private func everyday(seed: UInt64) -> Plan {
        var plan = Plan(name: "everyday", seed: seed)
        plan.until = 150 * Plan.second
        plan.steps = [
            Step(at: Plan.second, .connect(user: 1, vm: 1, stays: 40 * Plan.second)),
            Step(at: 80 * Plan.second, .connect(user: 1, vm: 1, stays: 5 * Plan.second)),
            Step(at: 100 * Plan.second, .stopVM(user: 1, vm: 1)),
        ]
        return plan
    }

    /// Kills the process at step 0, 1, 2... after the moment, until it does not get that far.
    ///
    /// - Returns: the calls during which it was killed.
    private func killAtEveryStep(
        _ process: ProcessKind, from moment: Int64, most: Int, before: [Fault] = [], restartAfter: Int64 = Plan.second,
        file: StaticString = #filePath, line: UInt = #line
    ) -> Set<PortOperation> {
        var met: Set<PortOperation> = []
        for seed: UInt64 in 1...2 {
            for step in 0..<most {
                var plan = everyday(seed: seed)
                plan.faults.faults = before
                plan.faults.faults.append(Fault(at: moment, lasts: restartAfter, .kill(process, afterCalls: step)))
                let result = Runner(plan).run()
                if let violation = result.violation {
                    XCTFail("seed \(seed), killed after \(step) steps: \(violation)", file: file, line: line)
                    print(Soak.story(of: result, replay: "a plan of KillTests"))
                    return met
                }
                for case .killedDuring(_, let operation) in result.happenings.keys { met.insert(operation) }
            }
        }
        return met
    }

    func testHKDIsKilledAtEveryStepOfAStart() {
        let met = killAtEveryStep(.houseKeeper, from: Plan.second, most: 150)
        let wanted: Set<PortOperation> = [
            .storeRead, .storeBegin, .storeRecord, .inspectImage, .prepareOverlay, .ensureUserDisk, .ensureTap,
            .applyFilter,
            .observeReservations, .handSecret, .observeDisks, .defineDomain, .createDomain, .ping,
        ]
        XCTAssertEqual(wanted.subtracting(met), [])
    }

    func testHKDIsKilledAtEveryStepOfAStop() {
        let met = killAtEveryStep(.houseKeeper, from: 100 * Plan.second, most: 120)
        let wanted: Set<PortOperation> = [
            .storeRead, .storeRecord, .storeRelease, .powerOff, .undefineDomain, .removeSecret, .removeFilter,
            .removeTap,
            .removeOverlays,
        ]
        XCTAssertEqual(wanted.subtracting(met), [])
    }

    func testHKDIsKilledAtEveryStepOfItsRecovery() {
        let first = Fault(at: 10 * Plan.second, lasts: Plan.second, .kill(.houseKeeper, afterCalls: nil))
        // A moment after the next one begins to live.
        let met = killAtEveryStep(.houseKeeper, from: 11 * Plan.second + 1, most: 60, before: [first])
        let wanted: Set<PortOperation> = [
            .storeRead, .storeWrite, .observeDomains, .observeTaps, .observeFilters, .observeSecrets, .observeDisks,
            .observeBridge,
        ]
        XCTAssertEqual(wanted.subtracting(met), [])
    }

    /// Its restart is quick, so that what an answer in flight still does meets the next HKD.
    func testHKDIsKilledAtEveryStepOfAStartAndIsBackAtOnce() {
        let met = killAtEveryStep(.houseKeeper, from: Plan.second, most: 150, restartAfter: Plan.second / 10)
        XCTAssertTrue(met.contains(.createDomain))
    }

    func testL7RIsKilledAtEveryStepOfAConnect() {
        var met = killAtEveryStep(.router, from: 80 * Plan.second, most: 60)
        met.formUnion(killAtEveryStep(.router, from: Plan.second, most: 30))
        let wanted: Set<PortOperation> = [
            .storeRead, .storeWrite, .verifyPassword, .startSession, .sessionState, .openLine,
        ]
        XCTAssertEqual(wanted.subtracting(met), [])
    }

    func testL7RIsKilledAtEveryStepOfAStop() {
        let met = killAtEveryStep(.router, from: 100 * Plan.second, most: 30)
        XCTAssertTrue(met.isSuperset(of: [.storeRead, .storeWrite, .verifyPassword]))
    }
}
