/// A moment on a clock that only goes forward (nanoseconds since that clock's own start). Moments of two clocks
/// cannot be compared; what outlives a process is wall time in the store, for people only.
package struct Instant: InstantProtocol, Sendable, Hashable, Codable, CustomStringConvertible {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }
    package static let start = Instant(nanoseconds: 0)

    package func advanced(by duration: Duration) -> Instant {
        Instant(nanoseconds: nanoseconds + duration.wholeNanoseconds)
    }

    package func duration(to other: Instant) -> Duration { .nanoseconds(other.nanoseconds - nanoseconds) }

    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

    package var description: String {
        let thousandths = nanoseconds / 1_000_000
        let fraction = String(1000 + thousandths % 1000).dropFirst()
        return "\(thousandths / 1000).\(fraction)"
    }
}

extension Duration {
    /// This duration in nanoseconds, rounded down. Right for anything under 292 years.
    package var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}

/// Seconds since 1970-01-01 UTC, for people: "since when", version names, audit. No decision compares two of them.
package struct WallTime: Sendable, Hashable, Comparable, Codable {
    package let seconds: Int64
    package init(seconds: Int64) { self.seconds = seconds }
    package static func < (left: Self, right: Self) -> Bool { left.seconds < right.seconds }
}

/// A size in mebibytes (2^20 bytes), 0 or more.
package struct Mebibytes: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let count: Int
    package init(_ count: Int) { self.count = count }
    package var bytes: Int64 { Int64(count) << 20 }
    package static func < (left: Self, right: Self) -> Bool { left.count < right.count }
    package var description: String { "\(count) MiB" }
}
