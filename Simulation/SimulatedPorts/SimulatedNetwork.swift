import FarmControl
package import FarmModel
package import FarmPorts
import Simulator
import FarmRules

/// Taps and the bridge in memory.
package struct SimulatedNetwork: NodeNetwork {
    let host: SimulatedHost
    let gate: PortGate

    package func ensureTap(_ tap: TapName, mac: MACAddress) async throws(PortError) {
        let host = self.host
        // Broken off between the two requests: the tap is there, and the bridge does not know it.
        let half: @Sendable () -> Void = {
            host.change(.network, of: tap.vm) { truth in
                guard truth.network.taps[tap] == nil else { return }
                truth.network.taps[tap] = HostNetwork.Tap(isUp: false, isOnBridge: false)
            }
        }
        try await gate.call(.ensureTap, vm: tap.vm, attempt: "creating tap \(tap)", half: half) {
            () throws(PortError) in
            try host.change(.network, of: tap.vm) { (truth: inout HostState) throws(PortError) in
                guard truth.network.bridge != nil else {
                    throw PortError(
                        .rejected, .notFound, attempt: "creating tap \(tap)",
                        detail: "there is no bridge \(truth.network.bridgeName)")
                }
                try Self.refuseForeign(tap, truth.network.foreignInterfaces, attempt: "creating tap \(tap)")
                var made = truth.network.taps[tap] ?? HostNetwork.Tap(isUp: false, isOnBridge: false)
                made.isUp = true
                made.isOnBridge = true
                made.mac = mac
                truth.network.taps[tap] = made
                truth.network.learn(mac, behind: tap)
            }
        }
    }

    package func removeTap(_ tap: TapName) async throws(PortError) {
        let host = self.host
        try await gate.call(.removeTap, vm: tap.vm, attempt: "removing tap \(tap)") { () throws(PortError) in
            let foreign = host.read { $0.network.foreignInterfaces }
            try Self.refuseForeign(tap, foreign, attempt: "removing tap \(tap)")
            guard host.simulation.mutation != .keepsTaps else { return }
            host.deleteTap(tap)
        }
    }

    /// - Parameter foreign: interfaces that are no taps.
    private static func refuseForeign(_ tap: TapName, _ foreign: Set<String>, attempt: String) throws(PortError) {
        guard foreign.contains(tap.text) else { return }
        throw PortError(
            .rejected, .alreadyExists, attempt: attempt,
            detail: "\(tap) is an interface of somebody else; remove or rename it")
    }

    package func observeTaps() async throws(PortError) -> [ObservedTap] {
        let host = self.host
        return try await gate.call(.observeTaps, attempt: "listing taps") {
            let hides = host.simulation.mutation == .keepsTaps
            return host.read { truth in
                hides
                    ? []
                    : truth.network.taps.map { ObservedTap(name: $0, isUp: $1.isUp, isOnBridge: $1.isOnBridge) }
                        .sorted { $0.name < $1.name }
            }
        }
    }

    package func observeBridge() async throws(PortError) -> ObservedBridge {
        let host = self.host
        return try await gate.call(.observeBridge, attempt: "looking at the bridge") { () throws(PortError) in
            guard let bridge = host.read({ $0.network.bridge }) else {
                throw PortError(
                    .rejected, .notFound, attempt: "looking at the bridge",
                    detail: "there is no bridge \(host.read { $0.network.bridgeName })")
            }
            return bridge
        }
    }
}

extension SimulatedHost {
    /// The tap is gone, and with it what the bridge learned on it. An emulator that held it goes on without network.
    func deleteTap(_ tap: TapName) {
        change(.network, of: tap.vm) { truth in
            guard let mac = truth.network.taps.removeValue(forKey: tap)?.mac else { return }
            truth.network.unlearn(mac, behind: tap)
        }
    }
}

/// Frame filters in memory: the rule sets themselves, through which the simulated bridge sends its frames.
package struct SimulatedTapFilter: TapFilter {
    let host: SimulatedHost
    let gate: PortGate
    /// Every change is broken off when one of the two tables was written.
    package var breaksOff = false

    package func apply(_ rules: TapRuleSet) async throws(PortError) {
        let host = self.host
        let breaksOff = self.breaksOff
        let half: @Sendable () -> Void = {
            host.change(.network, of: rules.tap.vm) { $0.network.filters[rules.tap]?.isComplete = false }
        }
        try await gate.call(
            .applyFilter, vm: rules.tap.vm, attempt: "writing the rules of \(rules.tap)", half: half
        ) { () throws(PortError) in
            var written = rules
            switch host.simulation.mutation {
            case .forgetsRules:
                written.prerouting.removeFirst()
                written.input.removeFirst()
                written.forward.removeFirst()
            case .writesNoRules: return
            default: break
            }
            host.change(.network, of: rules.tap.vm) { truth in
                truth.network.filters[rules.tap] = HostNetwork.Filter(rules: written, isComplete: !breaksOff)
                truth.network.flushed.remove(rules.tap)
            }
            guard breaksOff else { return }
            throw PortError(
                .outcomeUnknown, .unavailable, attempt: "writing the rules of \(rules.tap)",
                detail: "broken off after the first table")
        }
    }

    package func remove(_ tap: TapName) async throws(PortError) {
        let host = self.host
        let half: @Sendable () -> Void = {
            host.change(.network, of: tap.vm) { $0.network.filters[tap]?.isComplete = false }
        }
        try await gate.call(.removeFilter, vm: tap.vm, attempt: "removing the rules of \(tap)", half: half) {
            host.change(.network, of: tap.vm) { $0.network.filters[tap] = nil }
        }
    }

    package func observe() async throws(PortError) -> [ObservedFilter] {
        let host = self.host
        return try await gate.call(.observeFilters, attempt: "listing frame filters") {
            host.read { truth in
                truth.network.filters.map { ObservedFilter(tap: $0, isComplete: $1.isComplete) }
                    .sorted { $0.tap < $1.tap }
            }
        }
    }
}

/// DHCP in memory: guests are offered what is published, while the server is up.
package struct SimulatedAddressService: AddressService {
    let host: SimulatedHost
    let gate: PortGate

    package func publish(_ reservations: [Reservation]) async throws(PortError) {
        let host = self.host
        let sorted = reservations.sorted()
        try await gate.call(.publish, attempt: "publishing \(reservations.count) reservations") {
            () throws(PortError) in
            let addresses = Set(sorted.map(\.address))
            let macs = Set(sorted.map(\.mac))
            guard addresses.count == sorted.count, macs.count == sorted.count else {
                throw PortError(
                    .rejected, .invalid, attempt: "publishing \(sorted.count) reservations",
                    detail: "two reservations have one MAC or address")
            }
            for reservation in sorted
            where HostName.label(for: reservation.hostName, vm: reservation.vm) != reservation.hostName {
                throw PortError(
                    .rejected, .invalid, attempt: "publishing \(sorted.count) reservations",
                    detail: "VM \(reservation.vm) has a host name that is none: \(reservation.hostName)")
            }
            let hindered = host.read { $0.hinderedReservations }
            guard let first = sorted.first(where: { hindered.contains($0.vm) }) else {
                return host.change(.definitions) { $0.reservations = sorted }
            }
            // File by file, as they are written: those that go, then those that come, up to the one that fails.
            let before = host.read { $0.reservations }
            let wanted = Set(sorted.map(\.vm))
            var after = before.filter { wanted.contains($0.vm) }
            for reservation in sorted.prefix(while: { $0 != first }) {
                after.removeAll { $0.vm == reservation.vm }
                after.append(reservation)
            }
            after.sort()
            let published = after
            host.change(.definitions) { $0.reservations = published }
            throw PortError(
                published == before ? .rejected : .outcomeUnknown, .unavailable,
                attempt: "publishing \(sorted.count) reservations",
                detail: "nothing can be written of VM \(first.vm)")
        }
    }

    package func observe() async throws(PortError) -> [Reservation] {
        let host = self.host
        return try await gate.call(.observeReservations, attempt: "reading the published reservations") {
            host.read { $0.reservations }
        }
    }

    package func status() async -> AddressServiceStatus {
        guard gate.incarnation.isAlive else { return .down(reason: "\(gate.incarnation.name) is dead") }
        return host.read { $0.isAddressServiceUp } ? .serving : .down(reason: "the DHCP server died (fault)")
    }
}
