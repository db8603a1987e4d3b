import FarmModel
import Foundation
import Goldens
import Scenarios
import SimulatedPorts
import XCTest

/// Scenario files that people keep stay readable: fixtures/compatibility/scenario-words.yaml has every word.
final class KeptScenarioWordTests: XCTestCase {
    func testEveryWordIsReadAndMeansTheSame() throws {
        let file = KeptLines("compatibility/scenario-words.yaml")
        let plan = try ScenarioFile.read(try String(contentsOfFile: file.path, encoding: .utf8), file: file.path)
        XCTAssertEqual(plan.name, "Every \"word\"")
        XCTAssertEqual(plan.seed, .max)
        XCTAssertEqual(plan.until, 7200 * Plan.second)
        XCTAssertFalse(plan.provesLiveness)
        let farm = plan.farm
        XCTAssertEqual([farm.users, farm.vms, farm.heavyMax], [2, 2, 3])
        XCTAssertEqual([farm.memory.count, farm.userDisk.count, farm.nodeMemory.count], [256, 32, 4096])
        XCTAssertTrue(farm.keepsOverlay)
        XCTAssertEqual(farm.nodes, 2)
        XCTAssertEqual(farm.limits, .short)
        // Steps, faults and expectations stand in the file as a plan that means just that is written.
        let written = Set(ScenarioText.write(plan).split(separator: "\n").map(String.init))
        let entries = try file.lines().filter { $0.hasPrefix("  - ") }
        XCTAssertGreaterThan(entries.count, 90)
        XCTAssertEqual(entries.filter { !written.contains($0) }, [], "these are read as something else")
        XCTAssertEqual(plan.steps.count + plan.faults.faults.count + plan.expectations.count, entries.count)
    }
}
