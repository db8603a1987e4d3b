import FarmModel
import XCTest

@testable import FarmControl

final class RestartPauseTests: XCTestCase {
    private func pauses(_ runs: [Duration]) -> [Duration] {
        var pause = RestartPause(first: .seconds(1), longest: .seconds(5), wellAfter: .seconds(60))
        return runs.map { pause.afterRun(from: .start, to: Instant.start.advanced(by: $0)) }
    }

    func testPausesDoubleUpToTheLongest() {
        XCTAssertEqual(
            pauses([.zero, .zero, .zero, .zero, .seconds(59)]),
            [.seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
    }

    func testAProcessThatRanWellBeginsAgainWithTheFirst() {
        XCTAssertEqual(pauses([.zero, .zero, .seconds(60), .zero]), [1, 2, 1, 2].map { .seconds($0) })
    }
}
