import ArgumentParser
import Foundation
import Scenarios
import SimulatedPorts
import Simulator

/// `qvd-sim run FILE`
struct RunScenario: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs one scenario file, or the plan of one seed.")

    @Argument(help: "A scenario file (see fixtures/scenarios/README.md).")
    var file: String?

    @Option(help: "Another seed than the file's; without a file, the plan that `soak` draws from this seed.")
    var seed: UInt64?

    @Flag(help: "Print every event.")
    var trace = false

    @Flag(help: "When a rule fails: leave out what is not needed for it, and print the smallest plan found.")
    var shrink = false

    @Flag(help: "Print the plan and run nothing.")
    var plan = false

    func validate() throws {
        if file == nil, seed == nil { throw ValidationError("give a scenario FILE or --seed N") }
    }

    func run() throws {
        var plan = try readPlan()
        if let seed { plan.seed = seed }
        if self.plan {
            print(ScenarioText.write(plan), terminator: "")
            return
        }
        let result = Runner(plan, keeping: trace ? .words : .digest).run()
        if trace {
            for index in result.trace.records.indices { print(Report.line(result, index)) }
        }
        print(summary(result))
        guard let violation = result.violation else { return }
        print(Soak.story(of: result, replay: replayCommand(plan) + " --trace"))
        if shrink { printSmallest(plan, violation) }
        throw ExitCode(1)
    }

    private func readPlan() throws -> Plan {
        guard let file else { return PlanGenerator.plan(seed: seed ?? 0) }
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
            return try ScenarioFile.read(text, file: file)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    private func replayCommand(_ plan: Plan) -> String {
        file.map { "qvd-sim run \($0) --seed \(plan.seed)" } ?? "qvd-sim run --seed \(plan.seed)"
    }

    private func summary(_ result: RunResult) -> String {
        let seconds = Double(result.virtualTime) / 1e9
        let wall = max(1e-9, result.wallTime / .seconds(1))
        return "\(result.plan.name): \(result.violation == nil ? "ok" : "VIOLATION"), seed \(result.plan.seed),"
            + " \(Int(seconds)) s in \(Int(wall * 1000)) ms, \(result.portCalls) port calls,"
            + " digest \(Report.hexadecimal(result.trace.digest))"
    }

    private func printSmallest(_ plan: Plan, _ violation: Violation) {
        var shrinker = Shrinker(plan, invariant: violation.invariant)
        shrinker.shrink()
        print("The smallest plan found that breaks \(violation.invariant), after \(shrinker.runs) runs:\n")
        print(ScenarioText.write(shrinker.plan), terminator: "")
    }
}
