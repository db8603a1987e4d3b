import ArgumentParser
import Foundation
import Scenarios
import Simulator
import TextEncodings

/// `qvd-sim run FILE...`
struct RunScenario: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs scenario files, or the plan of one seed.",
        discussion: """
            One line for each run: verdict, seed, virtual time, real time, how many times faster than real that is,
            port calls, and the digest of everything that happened. The same file and seed give the same digest.
            """)

    @Argument(help: ArgumentHelp("Scenario files (docs/scenarios.md).", valueName: "file"))
    var files: [String] = []

    @Option(help: "Another seed than the files'; without a file, the plan that `soak` draws from this seed.")
    var seed: UInt64?

    @Option(help: "Which profile `soak` drew the plan by: 1 or 2.")
    var profile = PlanGenerator.Profile.full.rawValue

    @Flag(help: "Print every event.")
    var trace = false

    @Flag(help: "When a rule fails: leave out what is not needed for it, and print the smallest plan found.")
    var shrink = false

    @Flag(help: "Print the plans as scenario files and run nothing.")
    var plan = false

    func validate() throws {
        if files.isEmpty, seed == nil { throw ValidationError("give scenario files or --seed N") }
        guard PlanGenerator.Profile(rawValue: profile) != nil else {
            throw ValidationError("--profile must be 1 or 2")
        }
    }

    func run() throws {
        // All are read first: a broken file is said before minutes of work.
        let plans = files.isEmpty ? [drawnPlan] : try files.map(readPlan)
        if plan { return show(plans.map(ScenarioText.write).joined(separator: "---\n"), terminator: "") }
        var failed = 0
        for (index, plan) in plans.enumerated() {
            let file = files.isEmpty ? nil : files[index]
            let title = ForeignText.shown(file.map { String($0.split(separator: "/").last ?? "") } ?? plan.name)
            let place = plans.count > 1 ? "[\(index + 1)/\(plans.count)] " : ""
            if SimulatorCommand.isWatched { SimulatorCommand.tell("\(place)\(title)\r") }
            let result = Runner(plan, detail: trace ? .words : .digest).run()
            if trace { for line in Report.lines(result) { show(line) } }
            show(place + summary(result, title))
            guard let violation = result.violation else { continue }
            failed += 1
            show(Soak.story(of: result, replay: replayCommand(plan, file)))
            if shrink { printSmallest(result, violation.invariant) }
        }
        if plans.count > 1 { show("\(plans.count) scenarios, \(failed) violations") }
        if failed > 0 { throw ExitCode(1) }
    }

    private var drawnPlan: Plan {
        PlanGenerator.plan(seed: seed ?? 0, profile: PlanGenerator.Profile(rawValue: profile) ?? .full)
    }

    private func readPlan(_ file: String) throws -> Plan {
        let data: Data
        do {
            data = try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            throw ValidationError("\(file) cannot be read: \(error.localizedDescription)")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw ValidationError("\(file): expected UTF-8 text")
        }
        do {
            var plan = try ScenarioFile.read(text, file: file)
            if let seed { plan.seed = seed }
            return plan
        } catch {
            throw ValidationError("\(error)")
        }
    }

    private func replayCommand(_ plan: Plan, _ file: String?) -> String {
        let what = file.map { "\($0) " } ?? "--profile \(profile) "
        return "qvd-sim run \(what)--seed \(plan.seed) --trace"
    }

    private func summary(_ result: RunResult, _ title: String) -> String {
        let virtual = Double(result.virtualTime) / 1e9
        let wall = max(1e-9, result.wallTime / .seconds(1))
        return title.padding(toLength: max(title.count, 40), withPad: " ", startingAt: 0)
            + (result.violation == nil ? " ok       " : " VIOLATION")
            + "  seed \(result.plan.seed), \(Int(virtual)) s in \(Int(wall * 1000)) ms"
            + " (\(Int(virtual / wall)) times real time), \(result.portCalls) port calls,"
            + " digest \(Report.hexadecimal(result.trace.digest))"
    }

    private func printSmallest(_ result: RunResult, _ invariant: String) {
        guard let (plan, runs) = Soak.smallest(of: result) else { return }
        show("The smallest plan found that breaks \(invariant), after \(runs) runs:\n")
        show(ScenarioText.write(plan), terminator: "")
    }
}
