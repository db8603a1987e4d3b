import Foundation
import Scenarios
import SimulatedPorts
import XCTest

/// docs/scenarios.md is true: its examples are read and run, and it leaves no step, fault, port or mode out.
final class ScenarioPageTests: XCTestCase {
    private func page() throws -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/scenarios.md")
        return try String(contentsOf: file, encoding: .utf8)
    }

    /// What stands in back quotes and looks like a line of a scenario.
    private func examples(_ page: String) -> [String] {
        page.split(separator: "\n").flatMap { $0.split(separator: "`") }.map(String.init)
            .filter { $0.hasPrefix("{") && $0.hasSuffix("}") }
    }

    func testEveryExampleOfALineIsReadAndRuns() throws {
        let examples = examples(try page())
        XCTAssertGreaterThan(examples.count, 40)
        for example in examples {
            let isStep = example.contains("does:") || example.contains("administrator:")
            let section = isStep ? "steps" : example.contains("fault:") ? "faults" : "expect"
            let text = """
                name: example
                until: 5m
                farm: {users: 2, vms: 2}
                \(section):
                  - \(example)
                """
            let plan = try ScenarioFile.read(text, file: example)
            XCTAssertEqual(plan.steps.count + plan.faults.faults.count + plan.expectations.count, 1)
            guard section != "expect" else { continue }
            let violation = Runner(plan).run().violation
            XCTAssertNil(violation, "\(example): \(violation?.description ?? "")")
        }
    }

    func testEveryWholeExampleEndsAsItSays() throws {
        let blocks = try page().components(separatedBy: "```yaml\n").dropFirst()
            .map { $0.components(separatedBy: "```")[0] }
        XCTAssertFalse(blocks.isEmpty)
        for block in blocks {
            let result = Runner(try ScenarioFile.read(block, file: "docs/scenarios.md")).run()
            XCTAssertNil(result.violation)
        }
    }

    func testEveryWordOfTheFormatIsExplained() throws {
        let page = try page()
        let examples = examples(page).joined(separator: "\n")
        for mark in CoverageMark.wanted {
            switch mark {
            case .injected(let word): XCTAssertTrue(examples.contains("fault: \(word)"), word)
            case .user(let word): XCTAssertTrue(examples.contains("does: \(word)"), word)
            case .administrator(let word): XCTAssertTrue(examples.contains("administrator: \(word)"), word)
            case .failed(let port, let mode):
                XCTAssertTrue(page.contains("`\(port.text)`"), port.text)
                XCTAssertTrue(page.contains("`\(mode.rawValue)`"), mode.rawValue)
            default: continue
            }
        }
        for word in [
            "slow", "failing", "hanging", "events-lost", "events-doubled", "events-late", "notices-lost",
            "notices-late", "disk-full", "agent-silent",
            "kill", "terminate", "freeze",
        ] { XCTAssertTrue(examples.contains("fault: \(word)"), word) }
        for rule in [
            "one-domain", "one-address", "no-spoof", "own-desktop", "true-row", "no-lost-write", "disk-safe",
            "bounded", "blocked", "departs", "settles", "answered", "fair", "no-orphan", "expectation", "simulator",
            "determinism",
        ] { XCTAssertTrue(page.contains("`\(rule)`"), rule) }
    }
}
