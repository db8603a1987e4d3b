import Foundation
import XCTest

extension XCTestCase {
    /// What `QVD_EXPLORE_DEEP` asks for: one disturbance more, for minutes instead of seconds.
    static var isDeep: Bool { ProcessInfo.processInfo.environment["QVD_EXPLORE_DEEP"] != nil }

    /// Searches all that can come of the world, and fails for a rule that does not hold, a search that stopped at its
    /// limit, and a thing that was never met.
    func assertHolds<State: SearchedState>(
        _ name: String, from start: State, statesMax: Int, mustMeet things: [String] = []
    ) {
        typealias Search = ExhaustiveSearch<State>
        var result = Search.Result()
        let time = ContinuousClock().measure {
            result = Search.run(
                from: start, order: Self.isDeep ? .fewWorlds : .shortestWays, statesMax: statesMax)
        }
        print(
            "exploration, \(name): \(result.states) states, \(result.steps) steps, depth \(result.depth),",
            result.isExhausted ? "all of them," : "stopped,",
            "\(time.components.seconds) s, at most \(Self.peakMemory) in memory,",
            "two states taken for one with a probability below 2^\(Self.collisionExponent(result.states))")
        if !result.met.isEmpty {
            let met = result.met.sorted { $0.key < $1.key }
            print("  met:", met.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
        }
        if let finding = result.finding {
            return XCTFail("\(name): \(finding)\n  " + result.way.joined(separator: "\n  "))
        }
        XCTAssertTrue(
            result.isExhausted, "\(name): the search stopped at its limit of \(statesMax) states, so it proves nothing")
        XCTAssertGreaterThan(result.states, 100)
        for thing in things { XCTAssertGreaterThan(result.met[thing] ?? 0, 0, "\(name): never met: \(thing)") }
    }

    /// The binary logarithm of n² / 2¹²⁹, rounded up.
    private static func collisionExponent(_ states: Int) -> Int { Int((2 * log2(Double(states)) - 129).rounded(.up)) }

    /// The most that this process has had in memory.
    private static var peakMemory: String {
        let text = FileManager.default.contents(atPath: "/proc/self/status").map { String(decoding: $0, as: UTF8.self) }
        let line = text?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        let kilobytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
        return kilobytes.map { "\($0 / 1024) MiB" } ?? "?"
    }
}
