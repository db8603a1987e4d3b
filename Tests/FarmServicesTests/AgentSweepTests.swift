import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import SimulatedPorts
import Simulator
import XCTest

/// HKD asks the agents of all its VMs at the same few moments.
final class AgentSweepTests: XCTestCase {
    func testTwentyAgentsAreAskedAtOneMomentInEachPeriod() throws {
        let vms = (1...20).map { VMID($0) }
        let period = Duration.seconds(30)
        let bench = try FarmBench(vms: vms.count)
        defer { bench.end() }
        bench.policy.limits.pingAfterAnswer = period
        let questions = Confined<[(at: Instant, guest: AgentEndpoint)]>([])
        bench.startKeeper { ports, life in
            ports.agent = NotedAgent(agent: ports.agent, clock: ports.clock, questions: questions)
        }
        XCTAssert(bench.pass(upTo: .seconds(30)) { bench.nodeState == .running }, "the node did not come up")
        // They begin to run one after the other, so that nothing but the sweep brings their questions together.
        for vm in vms {
            try bench.start(vm)
            XCTAssert(bench.pass(upTo: .seconds(120)) { bench.state(vm) == .running }, "\(vm) does not run")
            bench.pass(.seconds(1))
        }
        bench.pass(period)
        questions.value = []
        let periods = 10
        bench.pass(period * periods)
        let moments = Set(questions.value.map(\.at)).sorted()
        XCTAssertEqual(moments.count, periods)
        XCTAssertEqual(questions.value.count, periods * vms.count)
        for moment in moments {
            let asked = questions.value.filter { $0.at == moment }.map(\.guest.address)
            XCTAssertEqual(Set(asked).count, vms.count, "each agent once")
        }
        for (moment, next) in zip(moments, moments.dropFirst()) { XCTAssertEqual(moment.duration(to: next), period) }
    }
}

/// Notes when who is asked whether it lives.
private struct NotedAgent: GuestAgent {
    let agent: any GuestAgent
    let clock: any FarmClock
    let questions: Confined<[(at: Instant, guest: AgentEndpoint)]>

    func ping(_ guest: AgentEndpoint) async throws(PortError) {
        questions.value.append((clock.now, guest))
        try await agent.ping(guest)
    }

    func startSession(_ guest: AgentEndpoint, parameters: [String: String]) async throws(PortError) {
        try await agent.startSession(guest, parameters: parameters)
    }

    func sessionState(_ guest: AgentEndpoint) async throws(PortError) -> GuestSessionState {
        try await agent.sessionState(guest)
    }

    func suspendSession(_ guest: AgentEndpoint) async throws(PortError) { try await agent.suspendSession(guest) }
    func stopSession(_ guest: AgentEndpoint) async throws(PortError) { try await agent.stopSession(guest) }
    func powerOff(_ guest: AgentEndpoint) async throws(PortError) { try await agent.powerOff(guest) }
}
