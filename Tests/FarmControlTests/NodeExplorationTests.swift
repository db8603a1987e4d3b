import FarmModel
import XCTest

@testable import FarmControl

/// Searches every run of one node that departs from the undisturbed one up to a number of times, and checks the rules
/// after every event; each new state must also settle when it is disturbed no more.
///
/// `make test-deep` allows one disturbance more.
final class NodeExplorationTests: XCTestCase {
    private static let statesMax = isDeep ? 100_000_000 : 3_000_000

    private func starting(vms: Int, slots: Int, budget: Int, mutant: NodeSearchState.Mutant? = nil)
        -> NodeSearchState
    {
        var world = NodeSearchState(vms: vms, slots: slots, budget: budget, mutant: mutant)
        for vm in world.vms { world.requestStart(vm) }
        world.pending = []
        world.startDaemon()
        return world
    }

    private func running(vms: Int, slots: Int, budget: Int) -> NodeSearchState {
        var world = starting(vms: vms, slots: slots, budget: budget)
        var count = 0
        while world.unsettled != nil, count < 1000 {
            world.proceedUndisturbed()
            count += 1
        }
        return world
    }

    private func check(_ name: String, _ start: NodeSearchState, mustMeet things: [String] = []) {
        assertHolds(
            "\(name), disturbances: \(start.budget)", from: start, statesMax: Self.statesMax, mustMeet: things)
    }

    /// Told to fence at any moment, with one disturbance more, a node is left without a domain, and whoever joins then
    /// brings back what is wanted.
    func testANodeFencesWhateverItIsDoing() {
        for (name, world) in [
            ("1 VM starting", starting(vms: 1, slots: 1, budget: 1)),
            ("1 VM running", running(vms: 1, slots: 1, budget: 1)),
        ] {
            var world = world
            world.fencesLeft = 1
            check("\(name), told to fence once", world, mustMeet: ["a node has fenced"])
        }
    }

    /// Each planted fault must be found, and as what it is; a search that finds nothing proves nothing.
    func testPlantedFaultsAreFound() {
        let expected: [NodeSearchState.Mutant: (words: String, budget: Int)] = [
            .filterGoesBeforeDomain: ("rules-before-domain", 2), .looksMissDomains: ("wrong kill", 0),
            .answersVanish: ("armed-deadline", 0), .rowsRunAhead: ("true-row", 2),
            .disksComeBeforeBegin: ("begin", 0),
        ]
        for mutant in NodeSearchState.Mutant.allCases {
            let (rule, budget) = expected[mutant] ?? ("?", 0)
            let result = ExhaustiveSearch.run(
                from: starting(vms: 1, slots: 1, budget: budget, mutant: mutant), statesMax: 200_000)
            let words = result.finding ?? "nothing in \(result.states) states"
            print("exploration, planted \(mutant): \(words); \(result.states) states")
            XCTAssertTrue(words.contains(rule), "\(mutant): \(words)")
        }
    }

    func testAStartSurvivesEveryTwoDisturbances() {
        check("1 VM starting", starting(vms: 1, slots: 1, budget: Self.isDeep ? 3 : 2))
    }

    func testARunningDesktopSurvivesEveryTwoDisturbances() {
        check("1 VM running", running(vms: 1, slots: 1, budget: Self.isDeep ? 3 : 2))
    }

    func testTwoStartsWithOneSlotSurviveEveryDisturbance() {
        check("2 VMs starting on 1 slot", starting(vms: 2, slots: 1, budget: Self.isDeep ? 2 : 1))
    }

    func testTwoRunningDesktopsSurviveEveryDisturbance() {
        check("2 VMs running", running(vms: 2, slots: 1, budget: Self.isDeep ? 2 : 1))
    }
}
