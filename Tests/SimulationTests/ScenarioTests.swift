import Foundation
import Scenarios
import SimulatedPorts
import XCTest

/// Every file in `fixtures/scenarios` is a test; and a file that cannot be read says where and why.
final class ScenarioTests: XCTestCase {
    private var folder: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("fixtures/scenarios")
    }

    private func files() throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "yaml" }.sorted { $0.lastPathComponent < $1.lastPathComponent }
    }

    func testEveryScenarioEndsAsItSays() throws {
        let files = try files()
        XCTAssertGreaterThan(files.count, 20)
        for file in files {
            let plan = try ScenarioFile.read(String(contentsOf: file, encoding: .utf8), file: file.lastPathComponent)
            for seed in Set([1, 2, 3, plan.seed]).sorted() {
                var plan = plan
                plan.seed = seed
                let result = Runner(plan).run()
                guard let violation = result.violation else { continue }
                XCTFail("\(file.lastPathComponent), seed \(seed): \(violation)")
                print(Soak.story(of: result, replay: "qvd-sim run \(file.path) --seed \(seed) --trace"))
            }
        }
    }

    func testAPlanWrittenAsAScenarioReadsBackAsItself() throws {
        for seed: UInt64 in 0..<300 {
            let plan = PlanGenerator.plan(seed: seed)
            XCTAssertEqual(try ScenarioFile.read(ScenarioText.write(plan), file: "x"), plan)
        }
        for file in try files() {
            var plan = try ScenarioFile.read(String(contentsOf: file, encoding: .utf8), file: "x")
            var back = try ScenarioFile.read(ScenarioText.write(plan), file: "x")
            for index in plan.expectations.indices {
                plan.expectations[index].place = ""
                back.expectations[index].place = ""
            }
            XCTAssertEqual(back, plan, file.lastPathComponent)
        }
    }

    private func error(_ text: String, file: StaticString = #filePath, line: UInt = #line) -> String {
        do {
            _ = try ScenarioFile.read(text, file: "a.yaml")
            XCTFail("it was read", file: file, line: line)
            return ""
        } catch {
            return error.description
        }
    }

    func testABrokenScenarioSaysFileLineAndWhatWasExpected() {
        let head = "name: x\nuntil: 5m\n"
        XCTAssertEqual(error(""), "a.yaml:1:1: expected a scenario, found an empty file")
        XCTAssertEqual(error("until: 5m"), "a.yaml:1:1: expected the key name here")
        XCTAssertEqual(
            error(head + "farm:\n  users: none\n"),
            "a.yaml:4:10: expected a number from 1 to 10000, found \"none\"")
        XCTAssertEqual(
            error(head + "steps:\n  - {at: 1s, user: 2, does: list}\n"),
            "a.yaml:4:20: expected a number from 1 to 1, found \"2\"")
        XCTAssertEqual(
            error(head + "steps:\n  - at: soon\n    user: 1\n    does: list\n"),
            "a.yaml:4:9: expected a time such as 90s, 250ms, 5m or 1h, found \"soon\"")
        XCTAssertEqual(
            error(head + "faults:\n  - {at: 6m, fault: disk-full}\n"),
            "a.yaml:4:10: expected a moment up to the scenario's end (until: 5m)")
        XCTAssertEqual(
            error(head + "faults:\n  - {at: 1m, fault: disk-full, vm: 1}\n"),
            "a.yaml:4:36: vm means nothing for disk-full; it takes at, for, fault")
        XCTAssertEqual(
            error(head + "expect:\n  - {vm: 1, is: running}\n"),
            "a.yaml:4:5: expected one of the keys at, by and never here")
        XCTAssertEqual(
            error(head + "expect:\n  - {at: 1m, vm: 1, is: up}\n"),
            "a.yaml:4:25: expected one of stopped, starting, running, stopping, zombie, debugging, found \"up\"")
        XCTAssertTrue(error(head + "colour: red\n").hasPrefix("a.yaml:3:1: unknown key \"colour\"; expected one of"))
        XCTAssertTrue(error(head + "name: y\n").hasPrefix("a.yaml:"))
        XCTAssertTrue(error("name: [x").hasPrefix("a.yaml:"), error("name: [x"))
        XCTAssertTrue(error("- a\n- b\n").contains("expected a mapping"), error("- a\n- b\n"))
    }
}
