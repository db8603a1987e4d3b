import XCTest

/// The search itself, on a world of which everything is known.
final class SearchTests: XCTestCase {
    /// A counter that may go up by one or two, below a limit, and comes to rest by going down.
    private struct Counter: SearchedState {
        static let undisturbedMax = 50
        var value = 0
        var limit: Int
        /// At this value a rule is broken, or nothing goes on.
        var trap: Int?
        var sticks: Int?

        func key(withBudget: Bool) -> SearchKey {
            var hasher = Hasher()
            hasher.combine(value)
            return SearchKey(hasher)
        }
        var broken: String? { value == trap ? "trap" : nil }
        func nextSteps(tellsWords: Bool) -> [SearchStep<Counter>] {
            [1, 2].compactMap { change in
                guard value + change <= limit else { return nil }
                var world = self
                world.value += change
                return SearchStep(words: tellsWords ? "+\(change)" : "", world: world)
            }
        }
        var unsettled: String? { value == 0 ? nil : "is \(value)" }
        mutating func proceedUndisturbed() { if value != sticks { value -= 1 } }
        var brokenAtRest: String? { nil }
        var met: [String] { value.isMultiple(of: 10) ? ["ten"] : [] }
    }

    private func run(
        _ start: Counter, _ order: ExhaustiveSearch<Counter>.Order, statesMax: Int = 1000
    ) -> ExhaustiveSearch<Counter>.Result {
        ExhaustiveSearch.run(from: start, order: order, statesMax: statesMax)
    }

    func testBothOrdersLookAtEverything() {
        for order in [ExhaustiveSearch<Counter>.Order.shortestWays, .fewWorlds] {
            let result = run(Counter(limit: 40), order)
            XCTAssertEqual(result.states, 41)
            XCTAssertEqual(result.steps, 79)
            XCTAssertEqual(result.met, ["ten": 4])
            XCTAssertTrue(result.isExhausted)
            XCTAssertNil(result.finding)
        }
    }

    func testAFindingIsSaidWithTheWayThere() {
        let shortest = run(Counter(limit: 40, trap: 5), .shortestWays)
        XCTAssertEqual(shortest.finding, "trap")
        XCTAssertEqual(shortest.way, ["start", "+1", "+2", "+2"])
        XCTAssertFalse(shortest.isExhausted)
        let other = run(Counter(limit: 40, trap: 5), .fewWorlds)
        XCTAssertEqual(other.finding, "trap")
        XCTAssertEqual(other.way.dropFirst().compactMap { Int($0.dropFirst()) }.reduce(0, +), 5)
    }

    func testWhatDoesNotComeToRestIsFound() {
        let result = run(Counter(limit: 40, sticks: 7), .shortestWays)
        XCTAssertEqual(result.finding, "is 7 after 51 undisturbed events")
        // Going down is no step here, so it has no words.
        XCTAssertEqual(result.way.prefix(6).dropLast(), ["start", "+1", "+2", "+2", "+2"])
        XCTAssertEqual(result.way.dropFirst(5).first, "then, undisturbed:")
        XCTAssertEqual(run(Counter(limit: 40, trap: 0), .shortestWays).finding, "trap (while settling)")
    }

    func testASearchAtItsLimitIsNotExhausted() {
        let result = run(Counter(limit: 40), .shortestWays, statesMax: 41)
        XCTAssertTrue(result.isExhausted)
        XCTAssertFalse(run(Counter(limit: 40), .shortestWays, statesMax: 40).isExhausted)
        XCTAssertFalse(run(Counter(limit: 40), .fewWorlds, statesMax: 40).isExhausted)
    }

    func testSeenKeysAreASet() {
        var keys = SeenKeys()
        // All in the same few places, so that each looks further.
        for number in 1...5000 as ClosedRange<UInt64> {
            XCTAssertTrue(keys.insert(SearchKey(first: number % 7, second: number)))
        }
        XCTAssertEqual(keys.count, 5000)
        XCTAssertTrue(keys.contains(SearchKey(first: 5000 % 7, second: 5000)))
        XCTAssertFalse(keys.contains(SearchKey(first: 1, second: 5000)))
        XCTAssertFalse(keys.insert(SearchKey(first: 1, second: 1)))
    }
}
