import FarmModel
import SimulatedPorts
import Simulator
import XCTest

/// A simulated node and one process on it, for tests that call ports.
struct SimulatedRun {
    let simulation: Simulation
    let host: SimulatedHost
    let life: Incarnation
    let ports: PortSet

    init(seed: UInt64 = 1, images: [String] = ["desktop.qcow2"]) {
        simulation = Simulation(seed: seed)
        host = SimulatedHost(
            simulation: simulation, node: NodeID(1), address: IPv4Address(bits: 0x0a03_0001), images: images)
        life = simulation.begin(.houseKeeper, on: NodeID(1))
        ports = PortSet(host: host, incarnation: life)
    }

    /// Runs the body as the process's main task, to its end, and fails the test with what it throws.
    func run(
        hours: Int64 = 10, file: StaticString = #filePath, line: UInt = #line,
        _ body: @escaping @Sendable () async throws -> Void
    ) {
        let result = Confined<Result<Void, any Error>?>(nil)
        life.start {
            do {
                try await body()
                result.value = .success(())
            } catch {
                result.value = .failure(error)
            }
        }
        simulation.executor.run(until: simulation.now + hours * 3600 * 1_000_000_000)
        switch result.value {
        case .success?: break
        case .failure(let error)?: XCTFail("\(error)", file: file, line: line)
        case nil: XCTFail("it did not end within \(hours) simulated hours", file: file, line: line)
        }
        simulation.kill(life)
        simulation.executor.run(until: simulation.now + 60_000_000_000)
    }
}
