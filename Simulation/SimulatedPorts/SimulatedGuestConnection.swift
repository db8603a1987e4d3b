package import FarmModel
package import FarmPorts
import Simulator

extension SimulatedHost {
    /// Connects a client's router to the X agent of a guest, from this node.
    func openConnection(
        to address: IPv4Address, port: Int, of exchange: SimulatedClientExchange, through gate: PortGate
    ) async throws(PortError) -> SimulatedGuestConnection {
        let attempt = "connecting to the X agent at \(address):\(port)"
        let isTaken = Confined(false)
        let (host, name) = try await gate.call(.openConnection, attempt: attempt) { () throws(PortError) in
            guard let (host, name) = self.guestReachable(at: address),
                let guest = host.read({ $0.domains[name]?.guest }),
                !guest.isHung, host.read({ $0.domains[name]?.isStanding }) == false
            else {
                throw PortError(.unreachable, .unavailable, attempt: attempt, detail: "no route to host")
            }
            guard guest.session == .listening, guest.connections == 0 else {
                throw PortError(
                    .unreachable, .unavailable, attempt: attempt, detail: "connection refused (\(guest.session))")
            }
            host.changeGuest(name) { $0.connections += 1 }
            host.endUnlessTaken(isTaken, name)
            return (host, host.crossedConnection(from: name))
        }
        isTaken.value = true
        return SimulatedGuestConnection(host: host, domain: name, exchange: exchange, incarnation: gate.incarnation)
    }

    /// A connection that was opened for a caller who was not told, or died, is closed a moment later by its system; the
    /// session ends as with any connection that says nothing.
    fileprivate func endUnlessTaken(_ isTaken: Confined<Bool>, _ name: DomainName) {
        let step = read { $0.domains[name]?.guest.sessionStep }
        simulation.executor.schedule(at: simulation.now + 1_000_000_000) { [self] in
            guard !isTaken.value, read({ $0.domains[name]?.guest.sessionStep }) == step,
                session(of: name) == .listening
            else { return }
            endSession(name, as: .stopped)
        }
    }

    /// The domain itself, or another one when connections are crossed on purpose.
    fileprivate func crossedConnection(from name: DomainName) -> DomainName {
        guard simulation.mutation == .crossesConnections else { return name }
        return read { truth in truth.sortedDomains.first { $0.isLive && $0.name != name }?.name ?? name }
    }
}

/// A client's connection to an X agent.
package final class SimulatedGuestConnection: GuestConnection, Sendable {
    package let host: SimulatedHost
    package let domain: DomainName
    private let exchange: SimulatedClientExchange
    private let isOpen = Confined(true)
    private let isUsed = Confined(false)

    init(host: SimulatedHost, domain: DomainName, exchange: SimulatedClientExchange, incarnation: Incarnation) {
        self.host = host
        self.domain = domain
        self.exchange = exchange
        incarnation.onDeath { [weak self] in self?.shut() }
    }

    /// Which VM's desktop it leads to.
    package var vm: VMID? { host.read { $0.domains[domain]?.specification.owner.vm } }

    package func relay(headers: [HTTPField]) async throws(PortError) -> RelayEnd {
        try await exchange.relay(over: self, headers: headers)
    }

    package func close() async { shut() }

    /// The first bytes flow: the session is connected.
    func beginRelay() {
        isUsed.value = true
        host.changeGuest(domain) { $0.enter(.connected) }
    }

    var isUsable: Bool { isOpen.value && host.session(of: domain) == .listening }

    /// The connection ends. A session that was used is suspended by its agent; one that was only connected to, and
    /// never spoken to, ends: nxagent dies of a connection that says nothing.
    func shut() {
        guard isOpen.value else { return }
        isOpen.value = false
        if isUsed.value {
            if host.session(of: domain) == .connected {
                host.sessionGoes(domain, to: .suspending, thenTo: .suspended, in: host.times.sessionSuspend)
            }
        } else if host.session(of: domain) == .listening {
            host.endSession(domain, as: .stopped)
        }
    }
}
