import FarmModel
import FarmPorts
import PortContracts
import SimulatedPorts
import Simulator
import XCTest

final class SimulatedClockContractTests: XCTestCase {
    func testTheClockKeepsItsContract() {
        let run = SimulatedRun()
        run.run { try await runContract(ClockContract(ClockHands(run: run)).checks) }
    }

    /// Polls are made at the right moments also by those who make all of them.
    func testTheClockThatLeavesNoPollOutKeepsItsContract() {
        let run = SimulatedRun()
        run.simulation.leavesOutPolls = false
        run.run { try await runContract(ClockContract(ClockHands(run: run)).checks) }
    }

    func testAFastClockKeepsItsContract() {
        let run = SimulatedRun()
        run.host.inject(.ofNode(.clockFast))
        // How long it is stopped is told in true time.
        let hands = ClockHands(run: run, patience: .milliseconds(201))
        run.run { try await runContract(ClockContract(hands).checks) }
    }
}

private struct ClockHands: ClockFixture {
    let run: SimulatedRun
    var clock: any FarmClock { run.ports.clock }
    /// Virtual time passes only while somebody waits for it.
    var patience: Duration = .milliseconds(1)

    func stopProcess(for pause: Duration) async throws {
        let life = run.life
        let end = run.simulation.now + pause.wholeNanoseconds
        life.executor.freeze()
        run.simulation.executor.schedule(at: end) { life.executor.thaw() }
        try await run.ports.clock.sleep(for: pause)
    }

    func makeNews(for subject: PollSubject) async throws { run.simulation.changed(.everything) }
}
