import FarmModel
import XCTest

final class TimeAndSizeTests: XCTestCase {
    func testMomentsAreCountedInNanoseconds() {
        let moment = Instant.start.advanced(by: .milliseconds(1500))
        XCTAssertEqual(moment.nanoseconds, 1_500_000_000)
        XCTAssertEqual(Instant.start.duration(to: moment), .milliseconds(1500))
        XCTAssertEqual(moment.duration(to: .start), .milliseconds(-1500))
        XCTAssertLessThan(Instant.start, moment)
        XCTAssertEqual("\(moment)", "1.500")
        XCTAssertEqual("\(Instant(nanoseconds: 61_007_999_999))", "61.007")
    }

    func testDurationsAreRoundedDownToNanoseconds() {
        let duration = Duration(secondsComponent: 2, attosecondsComponent: 1_999_999_999)
        XCTAssertEqual(duration.wholeNanoseconds, 2_000_000_001)
        XCTAssertEqual(Duration.seconds(9_000_000_000).wholeNanoseconds, 9_000_000_000_000_000_000)
    }

    func testSizesAreMebibytes() {
        XCTAssertEqual(Mebibytes(3).bytes, 3_145_728)
        XCTAssertEqual("\(Mebibytes(320))", "320 MiB")
        XCTAssertLessThan(Mebibytes(9), Mebibytes(10))
    }

    func testTimesOfDayAreOrdered() {
        XCTAssertLessThan(WallTime(seconds: 9), WallTime(seconds: 10))
    }

    func testOnlyADomainThatIsShutOffIsNotLive() {
        let name = DomainName(observed: "d")
        for (state, isLive) in [
            (ObservedDomain.State.running, true), (.paused, true), (.crashed, true), (.shutOff, false),
        ] { XCTAssertEqual(ObservedDomain(name: name, owner: nil, state: state).isLive, isLive, "\(state)") }
    }
}
