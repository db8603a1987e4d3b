import Simulator

/// Many seeds, one after the other or on several threads, each a simulation of its own.
package struct Soak: Sendable {
    /// What the seeds came to together.
    package struct Summary: Sendable {
        package var seeds = 0
        package var violations: [RunResult] = []
        /// Nanoseconds, of all seeds together.
        package var virtualTime: Int64 = 0
        package var portCalls = 0
        package var jobs = 0
        /// Time spent in runs, of all threads together.
        package var wallTime: Duration = .zero
        /// FNV-1a over the seeds' digests, in the order of the seeds.
        package var digest: UInt64 = 0xcbf2_9ce4_8422_2325

        package init() {}

        /// Results must be added in the order of their seeds.
        package mutating func add(_ result: RunResult) {
            seeds += 1
            virtualTime += result.virtualTime
            portCalls += result.portCalls
            jobs += result.jobs
            wallTime += result.wallTime
            digest = (digest ^ result.trace.digest) &* 0x0000_0100_0000_01b3
            if result.violation != nil { violations.append(result) }
        }
    }

    /// Runs one seed. `isChecked` runs it twice, and a second digest that differs is a violation of its own.
    package static func run(seed: UInt64, isChecked: Bool) -> RunResult {
        let plan = PlanGenerator.plan(seed: seed)
        var first = Runner(plan).run()
        guard isChecked, first.violation == nil else { return first }
        let second = Runner(plan).run()
        if second.trace.digest != first.trace.digest {
            first.violation = Violation(
                "determinism", at: first.virtualTime,
                "two runs of seed \(seed) gave the digests \(Report.hexadecimal(first.trace.digest)) and"
                    + " \(Report.hexadecimal(second.trace.digest))")
        }
        return first
    }

    /// Runs a failed plan again with words, and tells the story.
    package static func story(of result: RunResult, replay: String) -> String {
        guard result.violation?.invariant != "determinism" else {
            return "VIOLATION of determinism\n  \(result.violation?.words ?? "")\n  \(replay)\n"
        }
        return Report.text(Runner(result.plan, keeping: .words).run(), replay: replay)
    }
}
