import ArgumentParser
import Foundation
import Scenarios
import SimulatedPorts
import Simulator

/// `qvd-sim soak --seeds N`
struct SoakSeeds: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Draws a plan from each seed, runs it, and stops at the first rule that fails.",
        discussion: """
            On a failure: the seed, the rule, its plan, the last events, the smallest plan found that breaks the same
            rule (a scenario file: save it, change it, run it), and the command that shows the run again.
            """)

    @Option(help: "How many seeds.")
    var seeds = 200

    @Option(name: .customLong("from"), help: "The first seed.")
    var first: UInt64 = 0

    @Option(help: "Threads; 0 takes one for each processor.")
    var jobs = 0

    @Option(help: "Of how many seeds one is run twice, to compare the digests; 0 for none.")
    var check = 20

    @Option(help: "Folder for the smallest plan of each failure, as seed-N.yaml.")
    var save: String?

    @Option(help: "What is drawn: 1 for one node and the older faults, 2 for everything.")
    var profile = PlanGenerator.Profile.full.rawValue

    @Flag(help: "Go on after a violation, and report all of them at the end.")
    var keepGoing = false

    @Flag(
        name: .customLong("happenings"),
        help: "Print the coverage marks: how often each kind of step, fault and meeting happened.")
    var printsMarks = false

    func validate() throws {
        guard seeds >= 1 else { throw ValidationError("--seeds must be 1 or more") }
        guard PlanGenerator.Profile(rawValue: profile) != nil else {
            throw ValidationError("--profile must be 1 or 2")
        }
        guard jobs >= 0, check >= 0 else { throw ValidationError("--jobs and --check must be 0 or more") }
        guard first.addingReportingOverflow(UInt64(seeds)).overflow == false else {
            throw ValidationError("--from and --seeds together go beyond the last seed, \(UInt64.max)")
        }
    }

    func run() throws {
        let began = ContinuousClock.now
        let profile = PlanGenerator.Profile(rawValue: self.profile) ?? .full
        var soak = Soak(first: first, count: seeds, threads: jobs, checksEvery: check, profile: profile)
        soak.keepsGoing = keepGoing
        let summary = soak.run { [seeds] in Self.showProgress($0, of: seeds) }
        if SimulatorCommand.isWatched { SimulatorCommand.tell("\n") }
        let wall = max(1e-9, (ContinuousClock.now - began) / .seconds(1))
        printSummary(summary, wall)
        if printsMarks { printMarks(summary) }
        guard !summary.violations.isEmpty else { return }
        for result in summary.violations.prefix(keepGoing ? 20 : 1) { try tell(of: result) }
        let failed = summary.violations.map { "\($0.plan.seed) (\($0.violation?.invariant ?? ""))" }
        show("failed: \(failed.joined(separator: ", "))")
        throw ExitCode(1)
    }

    private func tell(of result: RunResult) throws {
        let seed = result.plan.seed
        show(Soak.story(of: result, replay: "qvd-sim run --seed \(seed) --profile \(profile) --trace"))
        guard let (plan, runs) = Soak.smallest(of: result) else { return }
        let text = ScenarioText.write(plan)
        let rule = result.violation?.invariant ?? ""
        show("The smallest plan found that breaks \(rule), after \(runs) runs:\n\n\(text)")
        guard let save else { return }
        let file = "\(save)/seed-\(seed).yaml"
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        } catch {
            throw ValidationError("\(file) cannot be written: \(error.localizedDescription)")
        }
        show("saved as \(file); run it with: qvd-sim run \(file) --trace\n")
    }

    private static func showProgress(_ summary: Soak.Summary, of seeds: Int) {
        let failed = summary.violations.count
        if SimulatorCommand.isWatched {
            let width = 40
            let filled = summary.seeds * width / seeds
            let bar = String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
            SimulatorCommand.tell("\r[\(bar)] \(summary.seeds)/\(seeds) seeds, \(failed) violations ")
        } else if summary.seeds % max(1, seeds / 10) == 0 {
            SimulatorCommand.tell("\(summary.seeds)/\(seeds) seeds, \(failed) violations\n")
        }
    }

    private func printSummary(_ summary: Soak.Summary, _ wall: Double) {
        let virtual = Double(summary.virtualTime) / 1e9
        let busy = max(1e-9, summary.wallTime / .seconds(1))
        let missed = summary.missed
        show(
            """
            seeds            \(summary.seeds) (\(first) to \(first + UInt64(max(1, summary.seeds)) - 1))
            violations       \(summary.violations.count)
            virtual time     \(String(format: "%.1f", virtual / 3600)) h
            real time        \(String(format: "%.1f", wall)) s, \(Int(virtual / wall)) times faster than real
            port calls       \(summary.portCalls), \(Int(Double(summary.portCalls) / wall)) per second\
             (\(Int(Double(summary.portCalls) / busy)) per thread)
            jobs             \(summary.jobs), \(Int(Double(summary.jobs) / busy)) per second and thread
            met              \(CoverageMark.wanted.count - missed.count) of \(CoverageMark.wanted.count)\
             kinds of events\(missed.isEmpty ? "" : "; not: " + missed.map(\.text).joined(separator: ", "))
            digest           \(Report.hexadecimal(summary.digest))
            """)
        if !summary.notCompared.isEmpty {
            show(
                "not compared     with and without idle polls, because their outcome hangs on how long readings take:"
                    + " \(summary.notCompared.map(String.init).joined(separator: ", "))")
        }
        printNeeds(summary.needs)
    }

    /// What the runs needed of what the rules allow them.
    private func printNeeds(_ needs: RunNeeds) {
        for plan in PlanClass.allCases {
            guard let calls = needs.callsPerVM[plan] else { continue }
            show("most calls       \(calls) per VM in 10 s in \(plan.rawValue) plans; allowed \(plan.callsPerVMMax)")
        }
        for what in WaitClass.allCases {
            guard let wait = needs.waits[what] else { continue }
            show(
                "longest wait     \(wait.longest / Plan.second) s for \(what.rawValue);"
                    + " at most \(wait.perMilleOfBound / 10) % of what was allowed")
        }
    }

    private func printMarks(_ summary: Soak.Summary) {
        for (what, count) in summary.coverage.map({ ($0.key.text, $0.value) }).sorted(by: { $0.0 < $1.0 }) {
            show(String(format: "%9d  ", count) + what)
        }
    }
}
