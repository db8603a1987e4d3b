import ArgumentParser
import Foundation
import Scenarios
import Simulator
import Synchronization

/// `qvd-sim soak --seeds N`
struct SoakSeeds: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Draws a plan from each seed, runs it, and stops at the first rule that fails.")

    @Option(help: "How many seeds.")
    var seeds = 200

    @Option(name: .customLong("from"), help: "The first seed.")
    var first: UInt64 = 0

    @Option(help: "Threads; 0 takes one for each processor.")
    var jobs = 0

    @Option(help: "Of how many seeds one is run twice, to compare the digests; 0 for none.")
    var check = 20

    @Flag(help: "Go on after a violation, and report all of them at the end.")
    var keepGoing = false

    func validate() throws {
        guard seeds >= 1 else { throw ValidationError("--seeds must be 1 or more") }
        guard jobs >= 0, check >= 0 else { throw ValidationError("--jobs and --check must be 0 or more") }
    }

    func run() throws {
        let began = ContinuousClock.now
        let summary = runAll()
        let wall = max(1e-9, (ContinuousClock.now - began) / .seconds(1))
        printSummary(summary, wall)
        guard !summary.violations.isEmpty else { return }
        for result in summary.violations.prefix(keepGoing ? 20 : 1) {
            print(Soak.story(of: result, replay: "qvd-sim run --seed \(result.plan.seed) --trace"))
        }
        let failed = summary.violations.map { "\($0.plan.seed) (\($0.violation?.invariant ?? ""))" }
        print("failed: \(failed.joined(separator: ", "))")
        throw ExitCode(1)
    }

    /// What the threads share: which seed is next, and the results that wait for earlier ones.
    private struct Progress {
        var next = 0
        var done: [Int: RunResult] = [:]
        var summary = Soak.Summary()
        var added = 0
        var isOver = false
    }

    private func runAll() -> Soak.Summary {
        let progress = Mutex(Progress())
        let count = jobs > 0 ? jobs : ProcessInfo.processInfo.activeProcessorCount
        let finished = DispatchSemaphore(value: 0)
        // Threads and not tasks: a simulation belongs to the thread that made it.
        for _ in 0..<count {
            let thread = Thread {
                while let index = progress.withLock({ take(&$0) }) {
                    let result = Soak.run(seed: first + UInt64(index), isChecked: check > 0 && index % check == 0)
                    progress.withLock { put(result, index, &$0) }
                }
                finished.signal()
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        for _ in 0..<count { finished.wait() }
        if isatty(STDERR_FILENO) == 1 { SimulatorCommand.tell("\n") }
        return progress.withLock { $0.summary }
    }

    private func take(_ progress: inout Progress) -> Int? {
        guard progress.next < seeds, !progress.isOver else { return nil }
        progress.next += 1
        return progress.next - 1
    }

    private func put(_ result: RunResult, _ index: Int, _ progress: inout Progress) {
        progress.done[index] = result
        if result.violation != nil, !keepGoing { progress.isOver = true }
        while let next = progress.done.removeValue(forKey: progress.added) {
            progress.summary.add(next)
            progress.added += 1
        }
        showProgress(progress)
    }

    private func showProgress(_ progress: Progress) {
        let width = 40
        let filled = progress.added * width / seeds
        let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
        let failed = progress.summary.violations.count
        if isatty(STDERR_FILENO) == 1 {
            SimulatorCommand.tell("\r[\(bar)] \(progress.added)/\(seeds) seeds, \(failed) violations ")
        } else if progress.added % max(1, seeds / 10) == 0 {
            SimulatorCommand.tell("\(progress.added)/\(seeds) seeds, \(failed) violations\n")
        }
    }

    private func printSummary(_ summary: Soak.Summary, _ wall: Double) {
        let virtual = Double(summary.virtualTime) / 1e9
        let busy = max(1e-9, summary.wallTime / .seconds(1))
        print(
            """
            seeds            \(summary.seeds) (\(first) to \(first + UInt64(max(1, summary.seeds)) - 1))
            violations       \(summary.violations.count)
            virtual time     \(String(format: "%.1f", virtual / 3600)) h
            real time        \(String(format: "%.1f", wall)) s, \(Int(virtual / wall)) times faster than real
            port calls       \(summary.portCalls), \(Int(Double(summary.portCalls) / wall)) per second\
             (\(Int(Double(summary.portCalls) / busy)) per thread)
            digest           \(Report.hexadecimal(summary.digest))
            """)
    }
}
