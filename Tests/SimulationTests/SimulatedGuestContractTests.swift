import FarmModel
import FarmPorts
import PortContracts
import SimulatedPorts
import Simulator
import XCTest

/// The simulated agents, clients and X agents keep the promises that the real ones keep, by the same suites.
final class SimulatedGuestContractTests: XCTestCase {
    func testTheGuestAgentKeepsItsContract() {
        let run = SimulatedRun()
        run.run {
            let hands = AgentHands(run: run)
            try await hands.guests.boot(AgentHands.vm)
            try await runContract(GuestAgentContract(hands).checks)
        }
    }

    func testTheClientsKeepTheirContract() {
        let run = SimulatedRun()
        run.run { try await runContract(ClientExchangeContract(ClientHands(run: run)).checks) }
    }

    func testTheGuestConnectionsKeepTheirContract() {
        let run = SimulatedRun()
        run.run { try await runContract(GuestConnectionContract(ClientHands(run: run)).checks) }
    }
}

/// Guests of a node that nobody else looks after.
private struct Guests {
    let run: SimulatedRun
    private var hands: HypervisorHands { HypervisorHands(host: run.host, ports: run.ports) }

    static func address(_ vm: VMID) -> IPv4Address { IPv4Address(bits: 0x0a03_0200 | UInt32(vm.rawValue)) }
    func endpoint(_ vm: VMID) -> AgentEndpoint {
        AgentEndpoint(address: Self.address(vm), secret: AgentSecret("s"))
    }

    func boot(_ vm: VMID) async throws {
        let specification = try await hands.specification(of: vm, epoch: Epoch(1))
        try await run.ports.hypervisor.define(specification)
        try await run.ports.hypervisor.create(specification.name)
        try await hands.guestIsReady(specification.name)
    }

    func session(_ vm: VMID) -> GuestSessionState? { run.host.state.liveDomain(of: vm)?.guest.session }

    func exchange(_ request: ClientRequest) -> SimulatedClientExchange {
        let exchange = SimulatedClientExchange(simulation: run.simulation, request: request)
        exchange.reach(run.life, on: run.host)
        return exchange
    }
}

private struct AgentHands: GuestAgentFixture {
    static let vm = VMID(1)
    let run: SimulatedRun
    var guests: Guests { Guests(run: run) }
    var port: SimulatedGuestAgent { run.ports.agent }
    var clock: any FarmClock { run.ports.clock }
    var patience: Duration { .seconds(30) }
    var guest: AgentEndpoint { guests.endpoint(Self.vm) }
    var emptyAddress: IPv4Address { Guests.address(VMID(200)) }

    func parameters(ofClient number: Int) -> [String: String] { ["cookie": "\(number)"] }

    func connectClient() async throws {
        let request = ClientRequest(method: "GET", path: "/", query: [], headers: [], peer: "192.0.2.7")
        let exchange = guests.exchange(request)
        let connection = try await exchange.openConnection(to: guest.address, port: 5000)
        run.simulation.executor.spawn(on: run.life.executor) {
            do {
                _ = try await connection.relay(headers: [])
            } catch {
                XCTFail("\(error)")
            }
        }
    }

    func silenceAgent() async throws { begin(Fault(at: 0, .ofVM(.agentSilent, Self.vm))) }
    func letAgentSpeak() async throws { endFaults() }

    func whileAnswersAreCut(_ body: (AgentEndpoint) async throws -> Void) async throws {
        begin(Fault(at: 0, .failing(.agent, .truncated, perMille: 1000)))
        try await body(guest)
        endFaults()
    }

    private func begin(_ fault: Fault) { run.simulation.withFaults { $0.begin(fault, index: 0) } }
    private func endFaults() { run.simulation.withFaults { $0.endAll() } }

    func endAgent() async throws { setPhase(.startingAgent) }
    func restart() async throws { setPhase(.up) }

    private func setPhase(_ phase: SimulatedGuest.Phase) {
        guard let name = run.host.liveName(of: Self.vm) else { return }
        run.host.change { $0.domains[name]?.guest.phase = phase }
    }

    func hasPoweredOff() async throws -> Bool { run.host.liveName(of: Self.vm) == nil }
}

private struct ClientHands: ClientFixture {
    let run: SimulatedRun
    private let lastVM = Confined<Int64>(0)
    var clock: any FarmClock { run.ports.clock }
    var patience: Duration { .seconds(20) }
    var emptyAddress: IPv4Address { Guests.address(VMID(200)) }

    init(run: SimulatedRun) { self.run = run }

    func request(
        _ path: String, query: [HTTPField], headers: [HTTPField]
    ) async throws -> (client: any ContractClient, exchange: any ClientExchange) {
        let exchange = Guests(run: run).exchange(
            ClientRequest(method: "GET", path: path, query: query, headers: headers, peer: "192.0.2.7"))
        return (Client(exchange: exchange), exchange)
    }

    func guest() async throws -> any ContractGuest {
        lastVM.value += 1
        let (vm, guests, agent) = (VMID(lastVM.value), Guests(run: run), run.ports.agent)
        try await guests.boot(vm)
        try await agent.startSession(guests.endpoint(vm), parameters: [:])
        try await eventually("a session that listens", on: clock, within: patience) {
            guests.session(vm) == .listening
        }
        return XAgent(run: run, vm: vm)
    }

    struct Client: ContractClient {
        let exchange: SimulatedClientExchange

        func hangUp() async throws { exchange.hangUp() }
        func interimTexts() async throws -> [String] { exchange.progressTexts }
        func answers() async throws -> [ContractAnswer] {
            guard case .answered(let response) = exchange.ending.value else { return [] }
            return [ContractAnswer(status: response.status, body: response.body)]
        }
        func sessionHeaders() async throws -> [HTTPField]? {
            exchange.sessionHeaders.isEmpty ? nil : exchange.sessionHeaders
        }
        func sawEnd() async throws -> Bool { exchange.ending.value != nil }
    }

    struct XAgent: ContractGuest {
        let run: SimulatedRun
        let vm: VMID
        var address: IPv4Address { Guests.address(vm) }
        let port = 5000

        func close() async throws { run.host.inject(.ofVM(.sessionEnds, vm)) }
        func sawEnd() async throws -> Bool {
            guard let session = Guests(run: run).session(vm) else { return true }
            return session != .listening && session != .connected
        }
    }
}
