import FarmModel
import Foundation
import XCTest

@testable import FarmControl

/// Searches, breadth first, every run of one node that departs from the undisturbed one up to a number of
/// times, and checks the rules after every event; each new state must also settle when it is disturbed no
/// more.
final class NodeExplorationTests: XCTestCase {
    /// One disturbance more, for minutes instead of seconds.
    private let deep = ProcessInfo.processInfo.environment["QVD_EXPLORE_DEEP"] != nil

    /// One state and how it was reached.
    private struct Visit {
        var world: NodeExplorationWorld
        var parent: Int
        var words: String
    }

    private struct Finding: Error {
        var words: String
        var path: [String]
    }

    private struct Result {
        var states = 0
        var steps = 0
        var depth = 0
        var isExhausted = true
        var finding: Finding?
    }

    private func explore(_ start: NodeExplorationWorld, statesMax: Int = 3_000_000) -> Result {
        var visits = [Visit(world: start, parent: -1, words: "start")]
        var seen: Set<Int> = [start.key(withBudget: true)]
        var settled: Set<Int> = []
        var result = Result()
        var depths = [0]
        var next = 0
        while next < visits.count {
            let steps = visits[next].world.nextSteps
            for step in steps {
                result.steps += 1
                var words = step.world.broken
                let isNew = seen.insert(step.world.key(withBudget: true)).inserted
                if words == nil, isNew { words = unsettled(after: step.world, &settled) }
                if let words {
                    result.finding = Finding(words: words, path: path(to: next, visits) + [step.words])
                    result.states = visits.count
                    return result
                }
                guard isNew else { continue }
                if visits.count >= statesMax {
                    result.isExhausted = false
                    result.states = visits.count
                    return result
                }
                visits.append(Visit(world: step.world, parent: next, words: step.words))
                depths.append(depths[next] + 1)
                result.depth = depths[next] + 1
            }
            // Only the way is needed from here on.
            visits[next].world.pending = []
            visits[next].world.machine = start.machine
            visits[next].world.ledger = start.ledger
            next += 1
        }
        result.states = visits.count
        return result
    }

    private func path(to index: Int, _ visits: [Visit]) -> [String] {
        var words: [String] = []
        var at = index
        while at >= 0 {
            words.append(visits[at].words)
            at = visits[at].parent
        }
        return words.reversed()
    }

    /// Runs the world undisturbed until it is as it is wanted; remembers every state from which that happens.
    private func unsettled(after start: NodeExplorationWorld, _ settled: inout Set<Int>) -> String? {
        var world = start
        var way: [Int] = []
        for _ in 0..<600 {
            let key = world.key(withBudget: false)
            if settled.contains(key) { break }
            way.append(key)
            if let words = world.broken { return "\(words) (while settling)" }
            if world.unsettled == nil { break }
            world.proceedUndisturbed()
            if way.count == 600 { return (world.unsettled ?? "") + " after 600 undisturbed events" }
        }
        settled.formUnion(way)
        return nil
    }

    private func starting(vms: Int, slots: Int, budget: Int, mutant: NodeExplorationWorld.Mutant? = nil)
        -> NodeExplorationWorld
    {
        var world = NodeExplorationWorld(vms: vms, slots: slots, budget: budget, mutant: mutant)
        for vm in world.vms { world.requestStart(vm) }
        world.pending = []
        world.startDaemon()
        return world
    }

    private func running(vms: Int, slots: Int, budget: Int) -> NodeExplorationWorld {
        var world = starting(vms: vms, slots: slots, budget: budget)
        var count = 0
        while world.unsettled != nil, count < 1000 {
            world.proceedUndisturbed()
            count += 1
        }
        return world
    }

    private func check(_ name: String, _ start: NodeExplorationWorld, statesMax: Int = 3_000_000) {
        let clock = ContinuousClock()
        var result = Result()
        let time = clock.measure { result = explore(start, statesMax: statesMax) }
        print(
            "exploration, \(name): \(result.states) states, \(result.steps) steps, depth \(result.depth),",
            result.isExhausted ? "all of them," : "stopped at the limit,", "\(time)")
        if let finding = result.finding {
            XCTFail("\(name): \(finding.words)\n  " + finding.path.joined(separator: "\n  "))
        }
        XCTAssertTrue(result.isExhausted, "\(name): the search stopped at its limit, so it proves nothing")
        XCTAssertGreaterThan(result.states, 100)
    }

    /// Each planted fault must be found, and as what it is; a search that finds nothing proves nothing.
    func testPlantedFaultsAreFound() {
        let expected: [NodeExplorationWorld.Mutant: (words: String, budget: Int)] = [
            .filterGoesBeforeDomain: ("rules-before-domain", 2), .looksMissDomains: ("wrong kill", 0),
            .answersVanish: ("armed-deadline", 0), .rowsRunAhead: ("true-row", 2),
            .disksComeBeforeBegin: ("begin", 0),
        ]
        for mutant in NodeExplorationWorld.Mutant.allCases {
            let (rule, budget) = expected[mutant] ?? ("?", 0)
            let result = explore(
                starting(vms: 1, slots: 1, budget: budget, mutant: mutant), statesMax: 200_000)
            let words = result.finding?.words ?? "nothing in \(result.states) states"
            print("exploration, planted \(mutant): \(words); \(result.states) states")
            XCTAssertTrue(words.contains(rule), "\(mutant): \(words)")
        }
    }

    func testAStartSurvivesEveryTwoDisturbances() {
        check("1 VM starting, \(deep ? 3 : 2) disturbances", starting(vms: 1, slots: 1, budget: deep ? 3 : 2))
    }

    func testARunningDesktopSurvivesEveryTwoDisturbances() {
        check("1 VM running, \(deep ? 3 : 2) disturbances", running(vms: 1, slots: 1, budget: deep ? 3 : 2))
    }

    func testTwoStartsWithOneSlotSurviveEveryDisturbance() {
        check(
            "2 VMs starting on 1 slot, \(deep ? 2 : 1) disturbances",
            starting(vms: 2, slots: 1, budget: deep ? 2 : 1))
    }

    func testTwoRunningDesktopsSurviveEveryDisturbance() {
        check("2 VMs running, \(deep ? 2 : 1) disturbances", running(vms: 2, slots: 1, budget: deep ? 2 : 1))
    }
}
