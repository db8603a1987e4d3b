package import FarmModel
package import FarmPorts
import Glibc

/// The machine's clocks: CLOCK_BOOTTIME for durations (it counts on while the machine is suspended) and the wall
/// clock for people.
package struct SystemClock: FarmClock {
    package init() {}

    package var now: Instant { Instant(nanoseconds: nanoseconds(of: CLOCK_BOOTTIME)) }

    package var wallTime: WallTime { WallTime(seconds: nanoseconds(of: CLOCK_REALTIME) / 1_000_000_000) }

    /// On Linux Swift's `ContinuousClock` is CLOCK_BOOTTIME too, so the pause is as long as it looks.
    package func sleep(until moment: Instant) async throws {
        let pause = now.duration(to: moment)
        guard pause > .zero else { return try Task.checkCancellation() }
        try await Task.sleep(for: pause, tolerance: .milliseconds(1), clock: .continuous)
    }

    package func sleep(
        until moment: Instant, toPoll subject: PollSubject, every period: Duration
    ) async throws -> Instant {
        try await sleep(until: moment)
        return moment
    }

    private func nanoseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
