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

    /// How the time of a storm grows with its size.
    func testALargerBootStorm() {
        let many = Figure.size(100, full: 800)
        let storm = Benchmark.bootStorm(vms: many)
        XCTAssertNil(storm.violation)
        let small = Benchmark.bootStorm(vms: many / 8)
        XCTAssertNil(small.violation)
        Figure.print("1 node × \(many) VMs boot storm", Figure.milliseconds(storm.wallTime), aim: "≤ 2,000 ms")
        let ratio = Figure.seconds(storm.wallTime) / Figure.seconds(small.wallTime)
        Figure.print(
            "the same, times that of \(many / 8) VMs", String(format: "%.1f", ratio), aim: "≤ 10")
    }

    func testAnIdleFarm() {
        let result = Benchmark.idleFarm(hours: Int64(Figure.size(2, full: 200)))
        XCTAssertNil(result.violation)
        let speed = Double(result.virtualTime) / 1e9 / Figure.seconds(result.wallTime)
        Figure.print("an idle farm of one VM, times faster than real", "\(Int(speed))", aim: "≥ 300,000")
    }

    func testSetUp() {
        let vms = Figure.size(2_000, full: 100_000)
        Figure.print(
            "set-up of a farm of \(vms) VMs", Figure.milliseconds(Benchmark.setUp(vms: vms)), aim: "≤ 2,000 ms")
    }

    func testASoakOfSeeds() {
        for (profile, aim) in [(PlanGenerator.Profile.first, 300), (.full, 150)] {
            let count = Figure.size(20, full: 500)
            let began = ContinuousClock.now
            let summary = Soak(first: 1_000_001, count: count, threads: 1, checksEvery: 0, profile: profile).run()
            let took = Figure.seconds(ContinuousClock.now - began)
            XCTAssertEqual(summary.violations.map { "\($0.plan.seed): \($0.violation?.description ?? "")" }, [])
            let rate = Int(Double(count) / took)
            Figure.print("drawn plans per second, profile \(profile.rawValue), one thread", "\(rate)", aim: "≥ \(aim)")
        }
    }
}
