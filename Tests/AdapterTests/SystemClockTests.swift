import FarmModel
import FarmPorts
import Foundation
import NodeRig
import PortContracts
import SystemClock
import XCTest

final class SystemClockTests: XCTestCase {
    func testTheMachinesClockKeepsTheContract() async throws {
        try await runContract(ClockContract(SystemClockFixture()).checks)
    }

    /// A machine that was suspended has one clock that counted that time and one that did not. A time namespace is such
    /// a machine, for one process: this test runs itself in one that slept for ten days.
    func testTimeInWhichTheMachineWasSuspendedCounts() async throws {
        let asleep: Int64 = 864_000
        guard ProcessInfo.processInfo.environment["QVD_TEST_SLEPT"] == nil else {
            return try await checkAfterSuspension(of: .seconds(asleep))
        }
        try PrivateNamespaces.require()
        let told = try await RigCommand.run(
            "unshare", "--time", "--boottime", "\(asleep)", "--fork", "env", "QVD_TEST_SLEPT=1",
            CommandLine.arguments[0], "AdapterTests.SystemClockTests/testTimeInWhichTheMachineWasSuspendedCounts")
        XCTAssert(told.contains("Executed 1 test, with 0 failures"), told)
    }

    private func checkAfterSuspension(of pause: Duration) async throws {
        let clock = SystemClock()
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let awake = Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
        XCTAssertGreaterThanOrEqual(awake.duration(to: clock.now), pause)
        let moment = clock.now.advanced(by: .milliseconds(300))
        try await clock.sleep(until: moment)
        XCTAssertGreaterThanOrEqual(clock.now, moment)
        XCTAssertLessThan(clock.now, moment.advanced(by: .seconds(10)))
    }
}

private struct SystemClockFixture: ClockFixture {
    let clock: any FarmClock = SystemClock()
    /// The machine may be busy with other things.
    let patience: Duration = .seconds(5)

    /// A child stops this process and lets it go on.
    func stopProcess(for pause: Duration) async throws {
        let this = ProcessInfo.processInfo.processIdentifier
        try await RigCommand.run(
            "sh", "-c", "kill -STOP \(this); sleep \(pause.components.seconds); kill -CONT \(this)")
    }

    /// It leaves no poll out.
    func makeNews(for subject: PollSubject) async throws {}
}
