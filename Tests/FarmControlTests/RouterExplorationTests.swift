import FarmModel
import Foundation
import XCTest

@testable import FarmControl

/// Searches, breadth first, every run of two clients, two routers and one VM that departs from the undisturbed one up
/// to a number of times, and checks the rules after every step; each new state must also settle when it is disturbed
/// no more, and then yield the VM to a newcomer.
final class RouterExplorationTests: XCTestCase {
    /// One disturbance more, for minutes instead of seconds.
    private let deep = ProcessInfo.processInfo.environment["QVD_EXPLORE_DEEP"] != nil

    /// A search that gets here has failed.
    private static let statesMax = 6_000_000

    private struct Result {
        var states = 0
        var steps = 0
        var depth = 0
        var isExhausted = false
        /// What did not hold, and the way there.
        var finding: String?
        var path: [String] = []
        /// How many states had a client that streams; and so on.
        var met: [String: Int] = [:]
    }

    private func explore(_ start: RouterExplorationWorld, statesMax: Int = RouterExplorationTests.statesMax) -> Result {
        var result = Result()
        var ways: [(parent: Int, words: String)] = [(-1, "start")]
        var layer = [(index: 0, world: start)]
        var seen: Set<Int> = [start.key(withBudget: true)]
        var settled: Set<Int> = []
        func found(_ words: String, _ parent: Int, _ step: String) -> Result {
            result.finding = words
            result.path = path(to: parent, ways) + [step]
            result.states = ways.count
            return result
        }
        while !layer.isEmpty {
            var next: [(index: Int, world: RouterExplorationWorld)] = []
            for (index, world) in layer {
                for step in world.nextSteps {
                    result.steps += 1
                    if let words = step.world.violation { return found(words, index, step.words) }
                    guard seen.insert(step.world.key(withBudget: true)).inserted else { continue }
                    if let words = unsettled(after: step.world, &settled) { return found(words, index, step.words) }
                    ways.append((index, step.words))
                    next.append((ways.count - 1, step.world))
                    note(step.world, &result)
                    guard ways.count < statesMax else {
                        result.states = ways.count
                        return result
                    }
                }
            }
            if !next.isEmpty { result.depth += 1 }
            layer = next
        }
        result.states = ways.count
        result.isExhausted = true
        return result
    }

    private func note(_ world: RouterExplorationWorld, _ result: inout Result) {
        for case let connect? in world.clients {
            result.met["\(connect.machine.phase)", default: 0] += 1
            if let cause = connect.machine.ending?.cause { result.met["ended: \(cause)", default: 0] += 1 }
            if connect.hasLostPlace { result.met["a place taken by force", default: 0] += 1 }
            if connect.hasLateClaim { result.met["a late claim", default: 0] += 1 }
            if connect.end == .owed { result.met["an owed end", default: 0] += 1 }
        }
        if world.routers.contains(where: { $0.life == .deadForEver }) {
            result.met["a router dead for ever", default: 0] += 1
        }
    }

    private func path(to index: Int, _ ways: [(parent: Int, words: String)]) -> [String] {
        var words: [String] = []
        var at = index
        while at >= 0 {
            words.append(ways[at].words)
            at = ways[at].parent
        }
        return words.reversed()
    }

    /// Runs the world undisturbed until nothing goes on any more, and lets another client come; remembers every state
    /// from which that goes well.
    private func unsettled(after start: RouterExplorationWorld, _ settled: inout Set<Int>) -> String? {
        var world = start
        var way: [Int] = []
        while true {
            let key = world.key(withBudget: false)
            if settled.contains(key) { break }
            way.append(key)
            if let words = world.violation { return "\(words) (while settling)" }
            guard let going = world.unsettled else {
                for router in world.routers.indices {
                    if let words = world.refusesANewcomer(at: router) { return words }
                }
                break
            }
            if way.count > 300 { return "settles: \(going) after 300 undisturbed events" }
            world.proceedUndisturbed()
        }
        settled.formUnion(way)
        return nil
    }

    private func check(_ name: String, _ start: RouterExplorationWorld) {
        var result = Result()
        let time = ContinuousClock().measure { result = explore(start) }
        print(
            "exploration of routers, \(name): \(result.states) states, \(result.steps) steps, depth \(result.depth),",
            result.isExhausted ? "all of them," : "stopped,", "\(time)")
        print("  met:", result.met.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        if let finding = result.finding {
            return XCTFail("\(name): \(finding)\n  " + result.path.joined(separator: "\n  "))
        }
        XCTAssertTrue(result.isExhausted, "\(name): stopped at the limit of \(Self.statesMax) states")
        // What the search is about was met.
        for what in [
            "streaming", "claiming", "ended: takenOver", "ended: clientLeft", "a place taken by force", "an owed end",
            "a late claim", "a router dead for ever",
        ] { XCTAssertGreaterThan(result.met[what] ?? 0, 0, "\(name): never met: \(what)") }
    }

    func testARunningDesktopIsFoughtOver() {
        let budget = deep ? 3 : 2
        check("running VM, \(budget) disturbances", RouterExplorationWorld(budget: budget, isRunning: true))
    }

    /// Placing and starting come on top, so this one has one disturbance less.
    func testAStoppedDesktopIsFoughtOver() {
        let budget = deep ? 2 : 1
        check("stopped VM, \(budget) disturbances", RouterExplorationWorld(budget: budget, isRunning: false))
    }

    /// Each planted fault must be found, and as what it is; a search that finds nothing proves nothing.
    func testPlantedFaultsAreFound() {
        let expected: [RouterExplorationWorld.Mutant: String] = [
            .startEndsAllSessions: "others-sessions", .takesAnyPlace: "robbed", .marksWantedSessions: "gives-way",
            .forgetsOwedEnds: "owed", .neverGivesWay: "robbed", .neverTakesPlaces: "free",
        ]
        for mutant in RouterExplorationWorld.Mutant.allCases {
            let start = RouterExplorationWorld(budget: 2, isRunning: true, mutant: mutant)
            let result = explore(start)
            let words = result.finding ?? "nothing in \(result.states) states"
            print("exploration of routers, planted \(mutant): \(words); \(result.states) states")
            XCTAssertTrue(words.contains(expected[mutant] ?? "?"), "\(mutant): \(words)")
        }
    }
}
