import FarmModel
import FarmPorts
import SimulatedPorts
import Simulator
import XCTest

/// What each failure of a fake leaves behind, as the real thing leaves it.
final class FakeFailureTests: XCTestCase {
    func testATapThatBreaksOffInTheMiddleIsThereAndNotOnTheBridge() {
        let run = SimulatedRun()
        run.simulation.withFaults { $0.begin(Fault(at: 0, .failing(.network, .half, perMille: 1000)), index: 0) }
        let (ports, host, simulation) = (run.ports, run.host, run.simulation)
        run.run {
            let told = await failure { () async throws(PortError) in
                try await ports.network.ensureTap(tap, mac: MACAddress(bits: 1))
            }
            XCTAssertEqual(told?.effect, .outcomeUnknown)
            XCTAssertEqual(host.state.network.taps[tap]?.isOnBridge, false)
            simulation.withFaults { $0.endAll() }
            try await ports.network.ensureTap(tap, mac: MACAddress(bits: 1))
            XCTAssertEqual(host.state.network.taps[tap]?.isOnBridge, true)
        }
    }

    func testAFastClockWakesItsSleepersEarlier() {
        let run = SimulatedRun()
        let (ports, host, simulation) = (run.ports, run.host, run.simulation)
        run.run {
            host.inject(.ofNode(.clockFast))
            let began = simulation.now
            try await ports.clock.sleep(for: .seconds(11))
            XCTAssertEqual(simulation.now - began, 10_000_000_000)
            // Set right in the middle of a sleep: it goes on until the moment has come on the clock.
            let wake = ports.clock.now.advanced(by: .seconds(11))
            simulation.executor.schedule(at: simulation.now + 5_000_000_000) {
                host.clock.run(1000, from: simulation.now)
            }
            try await ports.clock.sleep(until: wake)
            XCTAssertEqual(simulation.now - began, 20_500_000_000)
            XCTAssertEqual(ports.clock.now, wake)
            let before = ports.clock.wallTime
            host.inject(.ofNode(.clockJumps))
            XCTAssertEqual(ports.clock.wallTime.seconds - before.seconds, 3600)
        }
    }

    func testAPowerLossLeavesWhatLiesOnDisks() {
        let run = SimulatedRun()
        let (ports, host) = (run.ports, run.host)
        run.run {
            try await ports.network.ensureTap(tap, mac: MACAddress(bits: 1))
            _ = try await ports.secrets.hand(AgentSecret("s"), to: VMID(1))
            _ = try await ports.disks.ensureUserDisk(of: VMID(1), size: Mebibytes(64))
            host.inject(.ofNode(.powerLoss))
            XCTAssertTrue(host.state.network.taps.isEmpty)
            XCTAssertTrue(host.state.secrets.isEmpty)
            XCTAssertNotNil(host.state.disks.userDisks[VMID(1)])
        }
    }
}

private let tap = TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID(1))

private func failure(of body: () async throws(PortError) -> Void) async -> PortError? {
    do throws(PortError) {
        try await body()
        return nil
    } catch {
        return error
    }
}
