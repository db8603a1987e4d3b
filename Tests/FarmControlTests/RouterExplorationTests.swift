import FarmModel
import XCTest

@testable import FarmControl

/// Searches every run of two clients, two routers and one VM that departs from the undisturbed one up to a number of
/// times, and checks the rules after every step; each new state must also settle when it is disturbed no more, and then
/// yield the VM to a newcomer.
///
/// `make test-deep` allows one disturbance more.
final class RouterExplorationTests: XCTestCase {
    private static let statesMax = 6_000_000

    private func check(_ name: String, _ start: RouterSearchState) {
        assertHolds(
            "2 clients, 2 routers, \(name), disturbances: \(start.budget)", from: start, statesMax: Self.statesMax,
            mustMeet: [
                "streaming", "claiming", "ended: takenOver", "ended: clientLeft", "a place taken by force",
                "an owed end", "a late claim", "a router dead for ever",
            ])
    }

    func testARunningDesktopIsFoughtOver() {
        check("1 running VM", RouterSearchState(budget: Self.isDeep ? 3 : 2, isRunning: true))
    }

    /// Placing and starting come on top, so this one has one disturbance less.
    func testAStoppedDesktopIsFoughtOver() {
        check("1 stopped VM", RouterSearchState(budget: Self.isDeep ? 2 : 1, isRunning: false))
    }

    /// Each planted fault must be found, and as what it is; a search that finds nothing proves nothing.
    func testPlantedFaultsAreFound() {
        let expected: [RouterSearchState.Mutant: String] = [
            .startEndsAllSessions: "others-sessions", .takesAnyPlace: "robbed", .marksWantedSessions: "gives-way",
            .forgetsOwedEnds: "owed", .neverGivesWay: "robbed", .neverTakesPlaces: "free",
        ]
        for mutant in RouterSearchState.Mutant.allCases {
            let result = ExhaustiveSearch.run(
                from: RouterSearchState(budget: 2, isRunning: true, mutant: mutant), statesMax: Self.statesMax)
            let words = result.finding ?? "nothing in \(result.states) states"
            print("exploration, routers, planted \(mutant): \(words); \(result.states) states")
            XCTAssertTrue(words.contains(expected[mutant] ?? "?"), "\(mutant): \(words)")
        }
    }
}
