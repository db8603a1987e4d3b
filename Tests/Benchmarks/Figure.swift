import Foundation

/// One measured figure, printed on a line of its own. Benchmarks never judge a time: they print it, and fail only when
/// what they measure does not work.
struct Figure {
    /// Small sizes unless `make bench` asks for the whole.
    static let isFull = ProcessInfo.processInfo.environment["QVD_BENCH"] == "full"

    static func size(_ small: Int, full: Int) -> Int { isFull ? full : small }

    static func print(_ name: String, _ value: String, aim: String) {
        Swift.print("FIGURE  \(name.padding(toLength: 56, withPad: " ", startingAt: 0))  \(value)   (aim: \(aim))")
    }

    static func median(_ values: [Duration]) -> Duration { values.sorted()[values.count / 2] }

    static func milliseconds(_ duration: Duration) -> String {
        let parts = duration.components
        return String(format: "%.2f ms", Double(parts.seconds) * 1e3 + Double(parts.attoseconds) / 1e15)
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
