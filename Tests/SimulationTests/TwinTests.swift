import FarmModel
import Scenarios
import SimulatedPorts
import Simulator
import XCTest

/// What saves the simulator work changes nothing: each saving runs beside its slower twin.
final class TwinTests: XCTestCase {
    /// The checkers look at what changed; the twin looks at everything. Both find the same fault at the same moment.
    func testCheckersThatLookAtWhatChangedFindWhatCheckersOfEverythingFind() {
        let mutations: [Mutation?] = [
            nil, .startsTwoDomains, .startsElsewhereToo, .offersOneAddressToAll, .passesEveryFrame, .remakesUserDisks,
            .remakesOverlays, .writesBaseImages, .writesNoRules,
        ]
        for mutation in mutations {
            var found = 0
            for seed: UInt64 in 0..<15 {
                var plan = PlanGenerator.plan(seed: seed)
                if mutation == .remakesOverlays { plan.farm.keepsOverlay = true }
                let few = Runner(plan, mutation: mutation).run()
                let all = Runner(plan, mutation: mutation, looksAtAll: true).run()
                let what = "\(mutation.map { "\($0)" } ?? "nothing broken"), seed \(seed)"
                XCTAssertEqual(few.violation?.invariant, all.violation?.invariant, what)
                XCTAssertEqual(few.violation?.at, all.violation?.at, what)
                XCTAssertEqual(few.outcome, all.outcome, what)
                if few.violation != nil { found += 1 }
            }
            if mutation == nil { XCTAssertEqual(found, 0) } else { XCTAssertGreaterThan(found, 0, "\(mutation!)") }
        }
    }

    /// Polls that would find nothing are left out; the twin makes all of them.
    func testPollsLeftOutChangeNoOutcome() {
        for seed: UInt64 in 100..<130 {
            for profile in [PlanGenerator.Profile.first, .full] {
                let plan = PlanGenerator.plan(seed: seed, profile: profile)
                let some = Runner(plan).run()
                let all = Runner(plan, leavesOutPolls: false).run()
                XCTAssertNil(all.violation, "seed \(seed), \(profile)")
                XCTAssertEqual(some.outcome, all.outcome, "seed \(seed), \(profile)")
                XCTAssertLessThan(some.portCalls, all.portCalls, "seed \(seed), \(profile)")
            }
        }
    }

    /// Polls are made in time when something changed of which nobody was told: the store between two whole readings of
    /// it, and a node.
    func testWhatNobodyIsToldOfIsFoundByThePollThatWasDue() {
        var plan = Plan(name: "nobody is told", seed: 3)
        plan.until = 700 * Plan.second
        plan.provesLiveness = false
        plan.faults.faults = [
            Fault(at: Plan.second, lasts: 600 * Plan.second, .events(.noticesLost, perMille: 1000)),
            Fault(at: Plan.second, lasts: 600 * Plan.second, .events(.lost, perMille: 1000)),
            Fault(at: 500 * Plan.second, .ofVM(.domainDies, .init(1))),
        ]
        plan.steps = [Step(at: 330 * Plan.second, .administer(.start(vm: 1)))]
        plan.expectations = [
            Expectation(.at(329 * Plan.second), .vm(1, .stopped), place: "test"),
            Expectation(.by(336 * Plan.second), .vm(1, .starting), place: "test"),
            Expectation(.at(499 * Plan.second), .vm(1, .running), place: "test"),
            Expectation(.at(512 * Plan.second), .vm(1, .starting), place: "test"),
        ]
        let result = Runner(plan).run()
        XCTAssertNil(result.violation, "\(result.violation!)")
        let polled = Runner(plan, leavesOutPolls: false).run()
        XCTAssertEqual(result.outcome, polled.outcome)
        XCTAssertLessThan(result.portCalls, polled.portCalls / 2, "idle polls were made")
    }
}
