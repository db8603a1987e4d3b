import ArgumentParser
import Scenarios

/// `qvd-sim bench`
struct BenchSimulator: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Prints the simulator's own speed: port calls, an idle farm, a set-up, a boot storm.")

    @Option(help: "VMs of the boot storm.")
    var vms = 100

    @Option(help: "Runs; the median is printed.")
    var runs = 5

    func validate() throws {
        guard vms >= 1, runs >= 1 else { throw ValidationError("--vms and --runs must be 1 or more") }
    }

    func run() throws {
        let rates = (0..<runs).map { _ in Benchmark.portCalls().perSecond }.sorted()
        let idle = (0..<runs).map { _ in Benchmark.idleFarm() }
        let setUps = (0..<runs).map { _ in Benchmark.setUp() }.sorted()
        let storms = (0..<runs).map { _ in Benchmark.bootStorm(vms: vms) }
        if let failed = storms.first(where: { $0.violation != nil }), let violation = failed.violation {
            show("the boot storm failed: \(violation)")
            throw ExitCode(1)
        }
        let walls = storms.map { $0.wallTime / .seconds(1) }.sorted()
        show("port calls       \(Int(rates[runs / 2])) per second")
        let speeds = idle.map { Double($0.virtualTime) / 1e9 / ($0.wallTime / .seconds(1)) }.sorted()
        show("idle farm        \(Int(speeds[runs / 2])) times faster than real, \(idle[0].jobs) jobs in 24 h")
        show("set-up           100,000 VMs in \(Int(setUps[runs / 2] / .milliseconds(1))) ms")
        show(
            "boot storm       \(vms) VMs in \(Int(walls[runs / 2] * 1000)) ms"
                + " (\(storms[0].portCalls) port calls, \(storms[0].virtualTime / 1_000_000_000) s of virtual time)")
    }
}
