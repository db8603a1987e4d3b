import Scenarios
import Simulator
import XCTest

/// The simulator's own speed: how many port calls it carries out, and how long a node takes to boot many VMs.
final class SimulatorFigures: XCTestCase {
    func testPortCallsPerSecond() {
        let runs = Figure.size(1, full: 5)
        let rates = (0..<runs).map { _ in Benchmark.portCalls().perSecond }.sorted()
        let rate = rates[runs / 2]
        XCTAssertGreaterThan(rate, 0)
        Figure.print("simulated port calls per second (median of \(runs))", "\(Int(rate))", aim: "≥ 200,000")
    }

    func testBootStorm() {
        let runs = Figure.size(1, full: 5)
        let storms = (0..<runs).map { _ in Benchmark.bootStorm(vms: 100) }
        XCTAssertEqual(storms.compactMap { $0.violation?.description }, [])
        XCTAssertEqual(Set(storms.map(\.trace.digest)).count, 1, "the same seed gave different runs")
        Figure.print(
            "1 node × 100 VMs boot storm (median of \(runs))",
            Figure.milliseconds(Figure.median(storms.map(\.wallTime))), aim: "≤ 200 ms")
    }

    func testASoakOfSeeds() {
        let count = Figure.size(20, full: 500)
        let began = ContinuousClock.now
        let summary = Soak(first: 1_000_000, count: count, threads: 1, checksEvery: 0).run()
        let took = Figure.seconds(ContinuousClock.now - began)
        XCTAssertEqual(summary.violations.map { "\($0.plan.seed): \($0.violation?.description ?? "")" }, [])
        let virtual = Double(summary.virtualTime) / 1e9
        Figure.print("drawn plans per second, one thread", "\(Int(Double(count) / took))", aim: "≥ 100")
        Figure.print("the same, times faster than real", "\(Int(virtual / took))", aim: "≥ 10,000")
    }
}
