package import FarmModel
package import FarmPorts
package import Simulator

/// One request of a simulated client: the router's side of it is the port, the rest is the client's.
///
/// The world hands it to the router's process with `reach(_:)`; from then on the death of that process closes it.
package final class SimulatedClientExchange: ClientExchange {
    /// How a request ended, as its client sees it.
    package enum Ending: Sendable, Hashable {
        case answered(ClientResponse)
        /// A session ran and ended so.
        case session(CarriageEnd)
        /// The connection broke without an answer.
        case broken
        /// The client itself hung up or vanished.
        case left
    }

    package let request: ClientRequest
    /// What `carry` leads to, once it runs.
    package let carried = Signal<VMID>()
    package let ending = Signal<Ending>()
    private let simulation: Simulation
    private let gone = Signal<CarriageEnd>()
    private let state = Confined(State())

    private struct State {
        var router: Incarnation?
        var progress: [String] = []
        var headers: [HTTPField] = []
        var line: SimulatedGuestLine?
        var finalAnswers = 0
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
    /// Final answers given; more than one is the router's fault.
    package var finalAnswers: Int { state.value.finalAnswers }
    /// Whether bytes flow at this moment, and to which VM.
    package var carriedNow: VMID? { state.value.line?.vm }

    /// The connection reached this router process.
    package func reach(_ router: Incarnation) {
        state.value.router = router
        router.onDeath { [weak self] in self?.broke() }
    }

    /// The client closes its connection.
    package func hangUp() {
        gone.fire(.clientClosed)
        if state.value.line == nil { ending.fire(.left) }
    }

    /// The client is gone without a word: a closed lid, a cut cable.
    package func vanish() {
        let notice = simulation.now + simulation.guestTime(1_000_000_000...Self.noticedWithin)
        simulation.executor.schedule(at: notice) { [self] in
            gone.fire(.clientVanished)
            if state.value.line == nil { ending.fire(.left) }
        }
    }

    private func broke() {
        state.value.line?.shut()
        state.value.line = nil
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
        state.value.finalAnswers += 1
        guard simulation.mutation != .swallowsAnswers else { return }
        simulation.record(
            .user, source: 0, outcome: UInt32(response.status),
            words: "\(request.path) from \(request.peer) answered \(response.status): \(response.body)")
        simulation.answered("\(request.path) \(response.status)", to: request.peer)
        simulation.changed(.sessions)
        ending.fire(.answered(response))
    }

    package func carry(over line: any GuestLine, headers: [HTTPField]) async throws(PortError) -> CarriageEnd {
        let attempt = "carrying a session of \(request.peer)"
        try check(attempt)
        guard let line = line as? SimulatedGuestLine else {
            throw PortError(.rejected, .invalid, attempt: attempt, detail: "not a line of this simulation")
        }
        guard line.isCarriable else { return await end(line, .guestClosed) }
        state.value.finalAnswers += 1
        state.value.headers = headers
        state.value.line = line
        line.beginCarrying()
        simulation.changed(.sessions)
        let guestEnd = Signal<CarriageEnd>()
        let number = line.host.onSessionEnd(of: line.domain) { [gone] in
            guestEnd.fire(.guestClosed)
            gone.fire(.guestClosed)
        }
        if let vm = line.vm {
            simulation.record(.user, subject: vm.rawValue, value: 1, words: "\(request.peer) sees VM \(vm)")
            carried.fire(vm)
        }
        let reason = await gone.wait() ?? .cut
        line.host.forget(line: number)
        return await end(line, reason)
    }

    package func clientGone() async {
        _ = await gone.wait()
    }

    private func end(_ line: SimulatedGuestLine, _ reason: CarriageEnd) async -> CarriageEnd {
        let vm = state.value.line?.vm ?? line.vm
        state.value.line = nil
        line.shut()
        if let vm {
            simulation.record(
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
        if gone.value != nil || ending.value != nil {
            throw PortError(.unreachable, .unavailable, attempt: attempt, detail: "the client is gone")
        }
    }
}
