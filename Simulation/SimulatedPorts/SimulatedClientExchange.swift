package import FarmModel
package import FarmPorts
package import Simulator

/// One request of a simulated client: the router's side of it is the port, the rest is the client's.
///
/// The world hands it to the router's process with `reach(_:on:)`; from then on the death of that process closes it.
package final class SimulatedClientExchange: ClientExchange {
    /// How a request ended, as its client sees it.
    package enum Ending: Sendable, Hashable {
        case answered(ClientResponse)
        /// A session ran and ended so.
        case session(RelayEnd)
        /// The connection broke without an answer.
        case broken
        /// The client itself hung up or vanished.
        case left
    }

    package let request: ClientRequest
    /// What a relay leads to, once it runs.
    package let seen = Signal<VMID>()
    package let ending = Signal<Ending>()
    private let simulation: Simulation
    private let gone = Signal<RelayEnd>()
    private let state = Confined(State())

    private struct State {
        var router: Incarnation?
        /// The node that the router runs on.
        var host: SimulatedHost?
        var progress: [String] = []
        var headers: [HTTPField] = []
        var connection: SimulatedGuestConnection?
        /// It was answered, or is a session: as a real client it takes no other answer.
        var isConcluded = false
    }

    /// Within this time the transport notices that a client vanished, in nanoseconds.
    package static let noticedWithin: Int64 = 60_000_000_000

    package init(simulation: Simulation, request: ClientRequest) {
        self.simulation = simulation
        self.request = request
    }

    // MARK: The client's side

    package var progressTexts: [String] { state.value.progress }
    package var sessionHeaders: [HTTPField] { state.value.headers }
    /// Whether bytes flow at this moment, and to which VM.
    package var seesNow: VMID? { state.value.connection?.vm }

    /// The connection reached this router process, which runs on this node.
    package func reach(_ router: Incarnation, on host: SimulatedHost) {
        state.value.router = router
        state.value.host = host
        router.onDeath { [weak self] in self?.broke() }
    }

    /// The client closes its connection.
    package func hangUp() {
        gone.fire(.clientClosed)
        if state.value.connection == nil { ending.fire(.left) }
    }

    /// The client is gone without a word: a closed lid, a cut cable.
    package func vanish() {
        let notice = simulation.now + simulation.guestTime(1_000_000_000...Self.noticedWithin)
        simulation.executor.schedule(at: notice) { [self] in
            gone.fire(.clientVanished)
            if state.value.connection == nil { ending.fire(.left) }
        }
    }

    private func broke() {
        state.value.connection?.shut()
        state.value.connection = nil
        gone.fire(.cut)
        ending.fire(.broken)
    }

    // MARK: The router's side

    package func progress(_ text: String) async throws(PortError) {
        try check("telling the client \(text)")
        state.value.progress.append(text)
    }

    package func respond(_ response: ClientResponse) async throws(PortError) {
        try check("answering \(response.status)")
        state.value.isConcluded = true
        guard simulation.mutation != .swallowsAnswers else { return }
        simulation.note(
            .user, source: 0, outcome: UInt32(response.status),
            words: "\(request.path) from \(request.peer) answered \(response.status): \(response.body)")
        simulation.answered("\(request.path) \(response.status)", to: request.peer)
        simulation.changed(.sessions)
        ending.fire(.answered(response))
    }

    package func openConnection(
        to address: IPv4Address, port: Int
    ) async throws(PortError) -> any GuestConnection {
        guard let router = state.value.router, let host = state.value.host else {
            throw PortError(
                .unreachable, .unavailable, attempt: "connecting to \(address):\(port)",
                detail: "the client has reached no router")
        }
        let gate = PortGate(simulation: simulation, incarnation: router, node: host.node)
        return try await host.openConnection(to: address, port: port, of: self, through: gate)
    }

    func relay(
        over connection: SimulatedGuestConnection, headers: [HTTPField]
    ) async throws(PortError) -> RelayEnd {
        do throws(PortError) {
            try check("relaying a session of \(request.peer)")
        } catch {
            connection.shut()
            throw error
        }
        state.value.isConcluded = true
        guard connection.isUsable else { return await end(connection, .guestClosed) }
        state.value.headers = headers
        state.value.connection = connection
        connection.beginRelay()
        simulation.changed(.sessions)
        let number = connection.host.onSessionEnd(of: connection.domain) { [gone] in gone.fire(.guestClosed) }
        if let vm = connection.vm {
            simulation.note(.user, subject: vm.rawValue, value: 1, words: "\(request.peer) sees VM \(vm)")
            seen.fire(vm)
        }
        let reason = await gone.wait() ?? .cut
        connection.host.forget(watcher: number)
        return await end(connection, reason)
    }

    package func clientGone() async {
        _ = await gone.wait()
    }

    private func end(_ connection: SimulatedGuestConnection, _ reason: RelayEnd) async -> RelayEnd {
        let vm = state.value.connection?.vm ?? connection.vm
        state.value.connection = nil
        connection.shut()
        if let vm {
            simulation.note(
                .user, subject: vm.rawValue, value: 2,
                words: "the session of \(request.peer) in VM \(vm) ended: \(reason)")
        }
        simulation.answered("session \(reason)", to: request.peer)
        ending.fire(.session(reason))
        return reason
    }

    private func check(_ attempt: String) throws(PortError) {
        if let router = state.value.router, !router.isAlive {
            throw PortError(.unreachable, .cancelled, attempt: attempt, detail: "\(router.name) is dead")
        }
        if gone.value != nil || ending.value != nil || state.value.isConcluded {
            throw PortError(
                .rejected, .unavailable, attempt: attempt, detail: "the client is gone, or was answered before")
        }
    }
}
