import Foundation
import Scenarios
import SimulatedPorts
import Simulator
import XCTest

/// What the simulator makes of every scenario and of a thousand seeds of each profile is written down in
/// `fixtures/digests.txt`: a change that only moves code leaves it as it is, and one that changes behaviour says so by
/// changing it.
///
/// Each line: what was run, the digest of every event, the digest of the outcome. With QVD_WRITE_GOLDEN=1 in the
/// environment the file is written anew.
final class DigestTests: XCTestCase {
    private var fixtures: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("fixtures")
    }

    func testScenariosAndSeedsRunAsWrittenDown() throws {
        var lines: [String] = []
        let files = try FileManager.default.contentsOfDirectory(atPath: fixtures.path + "/scenarios")
            .filter { $0.hasSuffix(".yaml") }.sorted()
        for file in files {
            let text = try String(contentsOf: fixtures.appendingPathComponent("scenarios/\(file)"), encoding: .utf8)
            let result = Runner(try ScenarioFile.read(text, file: file)).run()
            lines.append(line(file, result.trace.digest, result.outcome))
        }
        let first = Soak(first: 0, count: 1000, profile: .first).run()
        lines.append(line("seeds-0-to-999", first.digest, first.outcome))
        XCTAssertEqual(first.violations.map(\.plan.seed), [])
        let full = ThousandSeeds.summary
        lines.append(line("seeds-0-to-999-of-profile-2", full.digest, full.outcome))

        let golden = fixtures.appendingPathComponent("digests.txt")
        let found = lines.joined(separator: "\n") + "\n"
        guard ProcessInfo.processInfo.environment["QVD_WRITE_GOLDEN"] != "1" else {
            try Data(found.utf8).write(to: golden)
            return
        }
        let wanted = try String(contentsOf: golden, encoding: .utf8).split(separator: "\n").map(String.init)
        for line in lines where !wanted.contains(line) {
            XCTFail("\(line) is not what \(golden.lastPathComponent) says")
        }
        XCTAssertEqual(lines.count, wanted.count)
    }

    private func line(_ name: String, _ trace: UInt64, _ outcome: UInt64) -> String {
        "\(name) \(Report.hexadecimal(trace)) \(Report.hexadecimal(outcome))"
    }

    /// Two farms that differ in size alone have different outcomes, and so have two whose rows differ.
    func testTheOutcomeTellsFarmsApart() {
        var plan = Plan(name: "small", seed: 4)
        plan.until = 60_000_000_000
        plan.provesLiveness = false
        var larger = plan
        larger.farm.vms = 2
        let outcome = Runner(plan).run().outcome
        XCTAssertEqual(Runner(plan).run().outcome, outcome)
        XCTAssertNotEqual(Runner(larger).run().outcome, outcome)
        plan.steps = [Step(at: Plan.second, .administer(.blockUser(1)))]
        XCTAssertNotEqual(Runner(plan).run().outcome, outcome)
    }
}
