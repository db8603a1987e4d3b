import FarmModel
import Foundation
package import SimulatedPorts
import Simulator
import Synchronization

/// Many seeds on several threads, each a simulation of its own.
package struct Soak: Sendable {
    /// What the seeds came to together.
    package struct Summary: Sendable {
        package var seeds = 0
        package var violations: [RunResult] = []
        /// Seeds of which the runs with and without idle polls could not be compared; see `RunResult.hangsOnChance`.
        package var notCompared: [UInt64] = []
        /// Nanoseconds, of all seeds together.
        package var virtualTime: Int64 = 0
        package var portCalls = 0
        package var jobs = 0
        /// Time spent in runs, of all threads together.
        package var wallTime: Duration = .zero
        /// FNV-1a over the seeds' digests, in the order of the seeds.
        package var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        /// The same over their outcomes.
        package var outcome: UInt64 = 0xcbf2_9ce4_8422_2325
        package var coverage: [CoverageMark: Int] = [:]
        package var needs = RunNeeds()

        package init() {}

        /// Results must be added in the order of their seeds.
        package mutating func add(_ result: RunResult) {
            seeds += 1
            virtualTime += result.virtualTime
            portCalls += result.portCalls
            jobs += result.jobs
            wallTime += result.wallTime
            digest = (digest ^ result.trace.digest) &* 0x0000_0100_0000_01b3
            outcome = (outcome ^ result.outcome) &* 0x0000_0100_0000_01b3
            coverage.merge(result.coverage, uniquingKeysWith: +)
            needs.merge(result.needs)
            if result.violation != nil { violations.append(result) }
            if result.hangsOnChance { notCompared.append(result.plan.seed) }
        }

        /// What a soak should have met, and this one did not.
        package var missed: [CoverageMark] { CoverageMark.wanted.filter { coverage[$0] == nil } }
    }

    package var first: UInt64
    package var count: Int
    package var threads: Int
    /// Of so many seeds one is run twice, to compare the digests; 0 for none.
    package var checksEvery: Int
    /// Whether to go on after a violation.
    package var keepsGoing = false
    package var profile: PlanGenerator.Profile

    package init(
        first: UInt64, count: Int, threads: Int = 0, checksEvery: Int = 20, profile: PlanGenerator.Profile = .full
    ) {
        self.profile = profile
        self.first = first
        self.count = count
        self.threads = threads > 0 ? threads : ProcessInfo.processInfo.activeProcessorCount
        self.checksEvery = checksEvery
    }

    /// What the threads share: which seed is next, and the results that wait for earlier ones.
    private struct Progress {
        var next = 0
        var done: [Int: RunResult] = [:]
        var summary = Summary()
        var isOver = false
    }

    /// - Parameter tell: called after each seed, in their order, on any of the threads but one at a time.
    package func run(_ tell: @escaping @Sendable (Summary) -> Void = { _ in }) -> Summary {
        let progress = Mutex(Progress())
        let finished = DispatchSemaphore(value: 0)
        // Threads and not tasks: a simulation belongs to the thread that made it.
        for _ in 0..<threads {
            let thread = Thread {
                while let index = progress.withLock({ take(&$0) }) {
                    let isChecked = checksEvery > 0 && index % checksEvery == 0
                    let result = Self.run(seed: first + UInt64(index), isChecked: isChecked, profile: profile)
                    progress.withLock { put(result, index, &$0, tell) }
                }
                finished.signal()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        for _ in 0..<threads { finished.wait() }
        return progress.withLock { $0.summary }
    }

    private func take(_ progress: inout Progress) -> Int? {
        guard progress.next < count, !progress.isOver else { return nil }
        progress.next += 1
        return progress.next - 1
    }

    private func put(_ result: RunResult, _ index: Int, _ progress: inout Progress, _ tell: (Summary) -> Void) {
        progress.done[index] = result
        if result.violation != nil, !keepsGoing { progress.isOver = true }
        while let next = progress.done.removeValue(forKey: progress.summary.seeds) {
            progress.summary.add(next)
            tell(progress.summary)
        }
    }

    /// Of so many seeds one is run again with every poll made: the outcome must be the same. So must it when nobody is
    /// told of anything: then it is the polls alone that find what changed, and one left out wrongly is missed.
    package static let pollsCheckedEvery: UInt64 = 50

    /// Runs one seed. `isChecked` runs it twice, and a second digest that differs is a violation of its own.
    package static func run(seed: UInt64, isChecked: Bool, profile: PlanGenerator.Profile) -> RunResult {
        let plan = PlanGenerator.plan(seed: seed, profile: profile)
        var first = Runner(plan).run()
        if seed.isMultiple(of: pollsCheckedEvery), first.violation == nil {
            let untold = plan.withNobodyTold
            for (plan, how, some) in [
                (plan, "", first), (untold, ", with nobody told of anything,", Runner(untold).run()),
            ] where first.violation == nil {
                switch comparison(of: plan, how, with: some) {
                case .same: break
                case .different(let violation): first.violation = violation
                case .impossible: first.hangsOnChance = true
                }
            }
        }
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

    private enum Comparison {
        case same
        case different(Violation)
        /// See `RunResult.hangsOnChance`.
        case impossible
    }

    /// Of the run with one in which every poll is made.
    private static func comparison(of plan: Plan, _ how: String, with some: RunResult) -> Comparison {
        let all = Runner(plan, leavesOutPolls: false).run()
        let broken = some.violation ?? all.violation
        guard all.outcome != some.outcome || broken != nil else { return .same }
        // A rule that is broken is never chance.
        if broken == nil, hangsOnChance(plan, usually: all.outcome) { return .impossible }
        return .different(
            Violation(
                "polls", at: some.virtualTime,
                "seed \(plan.seed)\(how) came to \(Report.hexadecimal(some.outcome)) with its idle polls left out, and"
                    + " to \(Report.hexadecimal(all.outcome)) with all of them made:"
                    + " \(broken?.description ?? "no rule was broken")"))
    }

    /// Whether a run with all polls made comes to another outcome, and breaks no rule, when readings take another time:
    /// one comes now before a limit or the end of a fault, now after it. Few plans are like that.
    private static func hangsOnChance(_ plan: Plan, usually outcome: UInt64) -> Bool {
        (1...drawsCompared).contains { draw in
            let run = Runner(plan, leavesOutPolls: false, draw: draw).run()
            return run.violation == nil && run.outcome != outcome
        }
    }

    private static let drawsCompared: UInt64 = 8

    /// Runs a failed plan again with words, and tells the story.
    package static func story(of result: RunResult, replay: String) -> String {
        if let violation = result.violation, comparesRuns(violation) {
            return "VIOLATION of \(violation.invariant)\n  \(violation.words)\n  \(replay)\n"
        }
        return Report.text(Runner(result.plan, detail: .words).run(), replay: replay)
    }

    /// It is about two runs, and none of them alone shows it.
    private static func comparesRuns(_ violation: Violation) -> Bool {
        ["determinism", "polls"].contains(violation.invariant)
    }

    /// The smallest plan found that breaks the same rule, as a scenario file.
    package static func smallest(of result: RunResult) -> (plan: Plan, runs: Int)? {
        guard let violation = result.violation, !comparesRuns(violation) else { return nil }
        var shrinker = Shrinker(result.plan, invariant: violation.invariant)
        shrinker.shrink()
        return (shrinker.plan, shrinker.runs)
    }
}

extension Plan {
    /// The same, but nobody is told of anything as long as faults may be: neither by the store nor by a hypervisor.
    fileprivate var withNobodyTold: Plan {
        var plan = self
        for node in 1...farm.nodes {
            for fate in [EventFate.noticesLost, .lost] {
                plan.faults.faults.append(
                    Fault(at: 0, lasts: until, node: NodeID(Int64(node)), .events(fate, perMille: 1000)))
            }
        }
        return plan
    }
}
