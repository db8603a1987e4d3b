package import FarmModel
package import FarmPorts
import Simulator

/// The agents inside the guests of a node, reached through its network: a guest without address, without a tap on the
/// bridge, or with rules that stop its answers cannot be reached.
package struct SimulatedGuestAgent: GuestAgent {
    let host: SimulatedHost
    let gate: PortGate

    package func ping(_ guest: AgentEndpoint) async throws(PortError) {
        try await ask(.ping, guest) { _, _ in .success(()) }
    }

    package func startSession(_ guest: AgentEndpoint, parameters: [String: String]) async throws(PortError) {
        try await ask(.startSession, guest) { host, name in
            switch host.session(of: name) {
            case .stopped, .suspended:
                host.changeGuest(name) { $0.request = parameters }
                host.sessionStarts(name)
                return .success(())
            case .listening, .starting, .provisioning:
                // As the agent does it: a call whose answer was lost is answered like the first, and another client's
                // takes the place of one that did not come.
                if host.read({ $0.domains[name]?.guest.request }) == parameters { return .success(()) }
                if host.session(of: name) == .listening { host.giveUpWaiting(name) }
                return .failure("a session is being started for another client")
            case .connected:
                // The agent suspends it, so that the next try finds it free: that is how a take-over gets through.
                host.sessionGoes(name, to: .suspending, thenTo: .suspended, in: host.times.sessionSuspend)
                return .failure("the session is connected; it is being suspended")
            case .suspending, .stopping:
                return .failure("the session is on its way out")
            }
        }
    }

    package func sessionState(_ guest: AgentEndpoint) async throws(PortError) -> GuestSessionState {
        try await ask(.sessionState, guest) { host, name in .success(host.session(of: name)) }
    }

    package func suspendSession(_ guest: AgentEndpoint) async throws(PortError) {
        try await ask(.suspendSession, guest) { host, name in
            if [.listening, .connected].contains(host.session(of: name)) {
                host.sessionGoes(name, to: .suspending, thenTo: .suspended, in: host.times.sessionSuspend)
            }
            return .success(())
        }
    }

    package func stopSession(_ guest: AgentEndpoint) async throws(PortError) {
        try await ask(.stopSession, guest) { host, name in
            if host.session(of: name) != .stopped {
                host.sessionGoes(name, to: .stopping, thenTo: .stopped, in: host.times.sessionSuspend)
            }
            return .success(())
        }
    }

    package func powerOff(_ guest: AgentEndpoint) async throws(PortError) {
        try await ask(.powerOff, guest) { host, name in
            host.guestPowersOff(name)
            return .success(())
        }
    }

    private enum Answer<Value: Sendable> {
        case success(Value)
        case failure(String)
    }

    /// What became of a request on its way.
    private enum Delivery<Value: Sendable>: Sendable {
        case answered(Value)
        case refused(PortError.Effect, PortError.Reason, String)
        /// It was taken, and nothing comes back.
        case silence
        /// Nobody takes it: the guest is on no network, or its kernel stands still.
        case noConnection
    }

    private func ask<Value: Sendable>(
        _ operation: PortOperation, _ guest: AgentEndpoint,
        _ act: @escaping @Sendable (SimulatedHost, DomainName) -> Answer<Value>
    ) async throws(PortError) -> Value {
        let host = self.host
        let attempt: @Sendable () -> String = { "asking the agent at \(guest.address) (\(operation))" }
        let vm = host.segment.hosts.lazy.compactMap { member in
            member.read { truth in
                truth.addressHolders[guest.address].flatMap { truth.domains[$0]?.specification.owner.vm }
            }
        }.first
        let delivery = try await gate.call(operation, vm: vm, attempt: attempt()) {
            deliver(guest, act)
        }
        switch delivery {
        case .answered(let value): return value
        case .refused(let effect, let reason, let detail):
            throw PortError(effect, reason, attempt: attempt(), detail: detail)
        case .silence: throw await silence(.outcomeUnknown, operation, attempt(), "no answer")
        case .noConnection: throw await silence(.unreachable, operation, attempt(), "no connection")
        }
    }

    /// What there is to say when the limit has passed, or the caller was cancelled.
    private func silence(
        _ effect: PortError.Effect, _ operation: PortOperation, _ attempt: String, _ what: String
    ) async -> PortError {
        let limit = operation.timeLimit
        let isOver = await gate.simulation.executor.wait(until: gate.simulation.now + limit)
        return PortError(
            effect, isOver && gate.incarnation.isAlive ? .timedOut : .cancelled, attempt: attempt,
            detail: "\(what) within \(limit / 1_000_000_000) s")
    }

    private func deliver<Value: Sendable>(
        _ guest: AgentEndpoint, _ act: (SimulatedHost, DomainName) -> Answer<Value>
    ) -> Delivery<Value> {
        guard let (host, name) = self.host.guestReachable(at: guest.address),
            let domain = host.read({ $0.domains[name] })
        else { return .noConnection }
        let vm = domain.specification.owner.vm
        if domain.guest.isHung || domain.isStanding {
            host.simulation.mark(domain.isStanding ? .emulatorWasFrozen : .guestHung)
            return .noConnection
        }
        if host.simulation.withFaults({ $0.isAgentSilent(vm) }) {
            host.simulation.mark(.agentWasSilent)
            return .silence
        }
        guard domain.guest.phase == .up else {
            return .refused(.unreachable, .unavailable, "connection refused (the agent is not up)")
        }
        guard domain.guest.secret == guest.secret else {
            return .refused(.rejected, .denied, "the agent does not take this secret (401)")
        }
        switch act(host, name) {
        case .success(let value):
            host.simulation.agentAnswered(vm, gate.incarnation)
            return .answered(value)
        case .failure(let why): return .refused(.rejected, .busy, why)
        }
    }
}

extension SimulatedHost {
    /// The domain on this network whose guest has this address and whose answers get through to this node; with two,
    /// the one on the node that joined first.
    func guestReachable(at address: IPv4Address) -> (host: SimulatedHost, domain: DomainName)? {
        for host in segment.hosts {
            guard let name = host.read({ $0.addressHolders[address] }),
                let running = host.read({ $0.domains[name]?.running })
            else { continue }
            let frames = [
                GuestFrame(running.networkPort.mac, .arp(sender: running.networkPort.mac, address: address)),
                GuestFrame(running.networkPort.mac, .tcp(from: address, to: self.address)),
            ]
            let passes = frames.allSatisfy {
                let passage = host.send($0, from: running)
                return host === self ? passage.reachesNode : passage.reachesPorts
            }
            return passes ? (host, name) : nil
        }
        return nil
    }

    func session(of name: DomainName) -> GuestSessionState { read { $0.domains[name]?.guest.session ?? .stopped } }

    /// The X agent comes up and listens, for as long as its agent's limit says.
    func sessionStarts(_ name: DomainName) {
        sessionGoes(name, to: .starting, thenTo: .listening, in: times.sessionStart) { host, step in
            guard let life = host.read({ $0.domains[name]?.life }) else { return }
            host.plan(name, life, in: host.times.listening...host.times.listening) { host in
                guard let guest = host.read({ $0.domains[name]?.guest }), guest.sessionStep == step,
                    guest.session == .listening, guest.connections == 0
                else { return }
                host.giveUpWaiting(name)
            }
        }
    }

    /// Ends the wait for a client that does not come: a desktop that was ever seen is kept, suspended.
    func giveUpWaiting(_ name: DomainName) {
        let wasSeen = read { $0.domains[name]?.guest.wasSeen } ?? false
        sessionGoes(
            name, to: wasSeen ? .suspending : .stopping, thenTo: wasSeen ? .suspended : .stopped,
            in: times.sessionSuspend)
    }

    /// Moves the session through a passing state, unless something else happens to it meanwhile.
    func sessionGoes(
        _ name: DomainName, to passing: GuestSessionState, thenTo next: GuestSessionState, in range: ClosedRange<Int64>,
        _ after: @escaping (SimulatedHost, Int) -> Void = { _, _ in }
    ) {
        guard let domain = state.domains[name] else { return }
        endSession(name, as: passing)
        let step = read { $0.domains[name]?.guest.sessionStep }
        plan(name, domain.life, in: range) { host in
            guard host.read({ $0.domains[name]?.guest.sessionStep }) == step else { return }
            host.changeGuest(name) { $0.enter(next) }
            after(host, step ?? 0)
        }
    }
}
