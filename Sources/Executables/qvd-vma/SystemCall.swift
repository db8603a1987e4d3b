import FarmModel
import Glibc

/// What several parts need of the kernel.
enum SystemCall {
    static func text(of code: Int32) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress, strerror_r(code, start, buffer.count) == 0 else { return "error" }
            return String(cString: start)
        }
    }

    /// Moments on the clock that does not jump.
    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Blocks this thread.
    static func pause(milliseconds: UInt32) { usleep(milliseconds * 1000) }
}
