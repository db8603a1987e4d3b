import FarmModel
import Scenarios
import SimulatedPorts
import XCTest

/// HKD and L7R are killed at every single step of what they do: before the effect of each port call, and after it.
/// Each time every rule must hold, and the farm must come to rest, serve its user, and end empty.
final class KillTests: XCTestCase {
    /// A user logs in, stays for a while, comes back, and stops their VM. What would begin after `end` is left out.
    private func everyday(seed: UInt64, until end: Int64) -> Plan {
        var plan = Plan(name: "everyday", seed: seed)
        plan.until = end
        plan.steps = [
            Step(at: Plan.second, .connect(user: 1, vm: 1, stays: 40 * Plan.second)),
            Step(at: 80 * Plan.second, .connect(user: 1, vm: 1, stays: 5 * Plan.second)),
            Step(at: 100 * Plan.second, .stopVM(user: 1, vm: 1)),
        ].filter { $0.at < end }
        return plan
    }

    /// No procedure has so many steps: a search that gets here does not end.
    private static let stepsMax = 3000

    /// Kills the process at step 0, 1, 2... after the moment, until it does not get that far before the end: then
    /// nobody was killed, and every step between the two moments had its turn.
    ///
    /// - Parameter least: a search that ends before so many steps has missed its procedure.
    /// - Returns: the calls during which it was killed.
    private func killAtEveryStep(
        _ process: ProcessKind, from moment: Int64, until end: Int64, least: Int, before: [Fault] = [],
        restartAfter: Int64 = Plan.second, file: StaticString = #filePath, line: UInt = #line
    ) -> Set<PortOperation> {
        var met: Set<PortOperation> = []
        for seed: UInt64 in 1...2 {
            var step = 0
            var killedSomebody = true
            while killedSomebody, step < Self.stepsMax {
                var plan = everyday(seed: seed, until: end)
                plan.faults.faults = before
                plan.faults.faults.append(Fault(at: moment, lasts: restartAfter, .kill(process, afterCalls: step)))
                let result = Runner(plan).run()
                if let violation = result.violation {
                    XCTFail("seed \(seed), killed after \(step) steps: \(violation)", file: file, line: line)
                    print(Soak.story(of: result, replay: "a plan of KillTests"))
                    return met
                }
                killedSomebody = false
                for case .killedDuring(_, let operation) in result.coverage.keys {
                    killedSomebody = true
                    met.insert(operation)
                }
                step += 1
            }
            XCTAssertFalse(killedSomebody, "seed \(seed): the search did not get to its end", file: file, line: line)
            XCTAssertGreaterThan(step, least, "seed \(seed): the procedure was not met", file: file, line: line)
            print("seed \(seed): \(process.text) was killed at \(step - 1) steps")
        }
        return met
    }

    func testHKDIsKilledAtEveryStepOfAStart() {
        let met = killAtEveryStep(.houseKeeper, from: Plan.second, until: 41 * Plan.second, least: 60)
        let wanted: Set<PortOperation> = [
            .storeRead, .storeBegin, .storeReport, .inspectImage, .prepareOverlay, .ensureUserDisk, .ensureTap,
            .applyFilter,
            .observeReservations, .handSecret, .observeDisks, .defineDomain, .createDomain, .ping,
        ]
        XCTAssertEqual(wanted.subtracting(met), [])
    }

    func testHKDIsKilledAtEveryStepOfAStop() {
        let met = killAtEveryStep(.houseKeeper, from: 100 * Plan.second, until: 130 * Plan.second, least: 60)
        let wanted: Set<PortOperation> = [
            .storeRead, .storeReport, .storeRelease, .powerOff, .undefineDomain, .removeSecret, .removeFilter,
            .removeTap,
            .removeOverlays,
        ]
        XCTAssertEqual(wanted.subtracting(met), [])
    }

    func testHKDIsKilledAtEveryStepOfItsRecovery() {
        let first = Fault(at: 10 * Plan.second, lasts: Plan.second, .kill(.houseKeeper, afterCalls: nil))
        // A moment after the next one begins to live.
        let met = killAtEveryStep(
            .houseKeeper, from: 11 * Plan.second + 1, until: 30 * Plan.second, least: 30, before: [first])
        let wanted: Set<PortOperation> = [
            .storeRead, .storeWrite, .observeDomains, .observeTaps, .observeFilters, .observeSecrets, .observeDisks,
            .observeBridge,
        ]
        XCTAssertEqual(wanted.subtracting(met), [])
    }

    /// Its restart is quick, so that what an answer in flight still does meets the next HKD.
    func testHKDIsKilledAtEveryStepOfAStartAndIsBackAtOnce() {
        let met = killAtEveryStep(
            .houseKeeper, from: Plan.second, until: 41 * Plan.second, least: 60, restartAfter: Plan.second / 10)
        XCTAssertTrue(met.contains(.createDomain))
    }

    func testL7RIsKilledAtEveryStepOfAConnect() {
        var met = killAtEveryStep(.router, from: 80 * Plan.second, until: 95 * Plan.second, least: 20)
        met.formUnion(killAtEveryStep(.router, from: Plan.second, until: 41 * Plan.second, least: 20))
        let wanted: Set<PortOperation> = [
            .storeRead, .storeWrite, .verifyPassword, .startSession, .sessionState, .openConnection,
        ]
        XCTAssertEqual(wanted.subtracting(met), [])
    }

    func testL7RIsKilledAtEveryStepOfAStop() {
        let met = killAtEveryStep(.router, from: 100 * Plan.second, until: 130 * Plan.second, least: 10)
        XCTAssertTrue(met.isSuperset(of: [.storeRead, .storeWrite, .verifyPassword]))
    }
}
