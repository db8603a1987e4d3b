package import FarmModel
package import FarmPorts
import Simulator

/// Connections to the X agents of a node's guests.
package struct SimulatedGuestLines: GuestLines {
    let host: SimulatedHost
    let gate: PortGate

    package func open(to address: IPv4Address, port: Int) async throws(PortError) -> any GuestLine {
        let node = host
        let attempt = "connecting to the X agent at \(address):\(port)"
        let isTaken = Confined(false)
        let (host, name) = try await gate.call(.openLine, attempt: attempt) { () throws(PortError) in
            guard let (host, name) = node.guestReachable(at: address), let guest = host.state.domains[name]?.guest,
                !guest.isHung, host.read({ $0.domains[name]?.isStanding }) == false
            else {
                throw PortError(.unreachable, .unavailable, attempt: attempt, detail: "no route to host")
            }
            guard guest.session == .listening, guest.lines == 0 else {
                throw PortError(
                    .unreachable, .unavailable, attempt: attempt, detail: "connection refused (\(guest.session))")
            }
            host.changeGuest(name) { $0.lines += 1 }
            host.endUnlessTaken(isTaken, name)
            return (host, host.crossedLine(from: name))
        }
        isTaken.value = true
        return SimulatedGuestLine(host: host, domain: name, incarnation: gate.incarnation)
    }
}

extension SimulatedHost {
    /// A line that was opened for a caller who was not told, or died, is closed a moment later by its system; the
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

    /// The domain itself, or another one when lines are crossed on purpose.
    fileprivate func crossedLine(from name: DomainName) -> DomainName {
        guard simulation.mutation == .crossesLines else { return name }
        return read { truth in truth.sortedDomains.first { $0.isLive && $0.name != name }?.name ?? name }
    }
}

/// One connection to an X agent.
package final class SimulatedGuestLine: GuestLine, Sendable {
    package let host: SimulatedHost
    package let domain: DomainName
    private let isOpen = Confined(true)
    private let isCarried = Confined(false)

    init(host: SimulatedHost, domain: DomainName, incarnation: Incarnation) {
        self.host = host
        self.domain = domain
        incarnation.onDeath { [weak self] in self?.shut() }
    }

    /// Which VM's desktop it leads to.
    package var vm: VMID? { host.read { $0.domains[domain]?.specification.owner.vm } }

    package func close() async { shut() }

    /// The first bytes flow: the session is connected.
    func beginCarrying() {
        isCarried.value = true
        host.changeGuest(domain) { $0.session = .connected }
    }

    var isCarriable: Bool { isOpen.value && host.session(of: domain) == .listening }

    /// The connection ends. A session that was carried is suspended by its agent; one that was only connected to, and
    /// never spoken to, ends: nxagent dies of a connection that says nothing.
    func shut() {
        guard isOpen.value else { return }
        isOpen.value = false
        if isCarried.value {
            if host.session(of: domain) == .connected {
                host.sessionGoes(domain, to: .suspending, thenTo: .suspended, in: host.times.sessionSuspend)
            }
        } else if host.session(of: domain) == .listening {
            host.endSession(domain, as: .stopped)
        }
    }
}
