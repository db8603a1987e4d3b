package import FarmModel
package import FarmPorts

/// What the contract suite of `AddressService` needs around the port: DHCP clients on the VM network, and
/// accidents.
package protocol AddressServiceFixture: Sendable {
    associatedtype Port: AddressService

    /// Its service runs or is about to.
    var port: Port { get }
    var clock: any FarmClock { get }
    /// How long anything that must happen may take here.
    var patience: Duration { get }
    /// Addresses that the service may serve; at least 16.
    var addresses: [IPv4Address] { get }

    /// The address a client with this MAC is offered; nil when the service does not answer it within the limit.
    func offer(to mac: MACAddress, within limit: Duration) async throws -> IPv4Address?
    /// Kills the DHCP server as `kill -9` does.
    func killServer() async throws
    /// From now on whatever is to be written about this VM fails, until `allow`.
    func hinder(_ vm: VMID) async throws
    func allow(_ vm: VMID) async throws
    /// Somebody puts back what was published about this VM earlier, with the MAC address of another card.
    ///
    /// - Returns: that address.
    func makeStale(_ vm: VMID) async throws -> MACAddress
    /// Of what was published about this VM a part is there, as a power loss leaves it.
    func tear(_ vm: VMID) async throws
}

/// The promises of `AddressService`. Each check begins with what it publishes.
package struct AddressServiceContract<Fixture: AddressServiceFixture>: Sendable {
    private let fixture: Fixture
    private var port: Fixture.Port { fixture.port }

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("every reservation is offered and nobody else is served") {
                try await reservationsAreServed()
            },
            ContractCheck("what is published is told, sorted") { try await publishedIsTold() },
            ContractCheck("a changed reservation is offered changed") { try await changeIsServed() },
            ContractCheck("a removed reservation is no longer offered") { try await removedIsNotServed() },
            ContractCheck("nobody else goes unanswered during changes") { try await nobodyIsDeaf() },
            ContractCheck("a dead server comes back and serves the same") { try await serverComesBack() },
            ContractCheck("a publication that was broken off is not called refused, and is mended") {
                try await brokenPublicationIsUnknown()
            },
            ContractCheck("a stale entry is told as it is, and put right by publishing") {
                try await staleEntryIsPutRight()
            },
            ContractCheck("a torn entry is none, and put right by publishing") { try await tornEntryIsPutRight() },
            ContractCheck("a bad host name is refused and changes nothing") {
                try await badHostNameIsRefused()
            },
        ]
    }

    private func reservation(_ vm: Int64, address index: Int? = nil) -> Reservation {
        let address = fixture.addresses[index ?? Int(vm)]
        return Reservation(
            vm: VMID(vm), mac: MACAddress(bits: 0x5452_00ee_0000 | UInt64(vm)), address: address,
            hostName: "desk-\(vm)")
    }

    private func offer(_ reservation: Reservation) async throws -> IPv4Address? {
        try await fixture.offer(to: reservation.mac, within: fixture.patience)
    }

    private func requireNoOffer(to mac: MACAddress, _ words: String) async throws {
        try requireEqual(try await fixture.offer(to: mac, within: .seconds(1)), nil, words)
    }

    private func brokenPublicationIsUnknown() async throws {
        try await awaitServing()
        try await port.publish([reservation(1)])
        try await fixture.hinder(VMID(3))
        try await requireFailure(.rejected, .unavailable, "a publication whose first change fails") {
            () async throws(PortError) in
            try await port.publish([reservation(1), reservation(3)])
        }
        try requireEqual(try await port.observe(), [reservation(1)], "after a refusal")
        try await requireFailure(.outcomeUnknown, .unavailable, "a publication whose second change fails") {
            () async throws(PortError) in
            try await port.publish([reservation(1), reservation(2), reservation(3)])
        }
        try await fixture.allow(VMID(3))
        try await port.publish([reservation(1), reservation(2), reservation(3)])
        try requireEqual(try await port.observe(), (1...3).map { reservation($0) }, "after publishing again")
        for vm: Int64 in 1...3 {
            try requireEqual(try await offer(reservation(vm)), reservation(vm).address, "the offer to VM \(vm)")
        }
    }

    private func staleEntryIsPutRight() async throws {
        try await awaitServing()
        let published = [reservation(1), reservation(2)]
        try await port.publish(published)
        let stranger = try await fixture.makeStale(VMID(1))
        var stale = reservation(1)
        stale.mac = stranger
        try requireEqual(try await port.observe(), [stale, reservation(2)], "with a stale entry")
        try requireEqual(try await offer(reservation(2)), reservation(2).address, "the offer to another VM")
        try await port.publish(published)
        try requireEqual(try await port.observe(), published, "published again")
        for one in published { try requireEqual(try await offer(one), one.address, "the offer to VM \(one.vm)") }
        try await requireNoOffer(to: stranger, "the offer to the other card")
    }

    private func tornEntryIsPutRight() async throws {
        let published = [reservation(1), reservation(2)]
        try await port.publish(published)
        try await fixture.tear(VMID(1))
        try requireEqual(try await port.observe(), [reservation(2)], "with a torn entry")
        try await port.publish(published)
        try requireEqual(try await port.observe(), published, "published again")
        for one in published { try requireEqual(try await offer(one), one.address, "the offer to VM \(one.vm)") }
    }

    private func reservationsAreServed() async throws {
        try await awaitServing()
        let published = (1...3).map { reservation(Int64($0)) }
        try await port.publish(published)
        for one in published { try requireEqual(try await offer(one), one.address, "offer to VM \(one.vm)") }
        try await requireNoOffer(to: MACAddress(bits: 0x5452_00ee_ffff), "offer to a stranger")
        try await requireNoOffer(to: reservation(4).mac, "offer to a VM that is not published")
    }

    private func publishedIsTold() async throws {
        let published = (1...4).map { reservation(Int64($0)) }
        try await port.publish(published.reversed())
        try requireEqual(try await port.observe(), published, "published in reverse")
        try await port.publish(published)
        try requireEqual(try await port.observe(), published, "published again")
        try await port.publish([])
        try requireEqual(try await port.observe(), [], "published none")
    }

    private func changeIsServed() async throws {
        try await port.publish([reservation(1), reservation(2)])
        try requireEqual(try await offer(reservation(1)), reservation(1).address, "before")
        var changed = reservation(1, address: 9)
        changed.hostName = "renamed"
        try await port.publish([changed, reservation(2)])
        try requireEqual(try await offer(changed), changed.address, "after a change of address")
        try requireEqual(try await offer(reservation(2)), reservation(2).address, "the unchanged one")
        try requireEqual(try await port.observe(), [changed, reservation(2)], "observed")
    }

    private func removedIsNotServed() async throws {
        try await port.publish([reservation(1), reservation(2)])
        try requireEqual(try await offer(reservation(1)), reservation(1).address, "before")
        try await port.publish([reservation(2)])
        try await requireNoOffer(to: reservation(1).mac, "offer to a removed VM")
        try requireEqual(try await offer(reservation(2)), reservation(2).address, "the other one")
        // The address is free for another VM at once.
        let heir = reservation(3, address: 1)
        try await port.publish([reservation(2), heir])
        try requireEqual(try await offer(heir), heir.address, "the removed VM's address given to another")
        try await requireNoOffer(to: reservation(1).mac, "the removed VM")
        try await port.publish([reservation(1), reservation(2)])
        try requireEqual(try await offer(reservation(1)), reservation(1).address, "published once more")
    }

    private func nobodyIsDeaf() async throws {
        let steady = reservation(2)
        try await port.publish([steady])
        let port = port
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 0..<10 {
                    let others = (3...10).filter { $0 % (round % 3 + 2) != 0 }.map { reservation(Int64($0)) }
                    try await port.publish([steady] + others)
                }
            }
            group.addTask {
                for number in 0..<30 {
                    try requireEqual(
                        try await offer(steady), steady.address,
                        "offer \(number) during changes")
                }
            }
            try await group.waitForAll()
        }
    }

    private func serverComesBack() async throws {
        try await port.publish([reservation(1), reservation(2)])
        try await fixture.killServer()
        try await port.publish([reservation(2), reservation(3)])
        try await awaitServing()
        try await eventually("an offer after the server's death", on: fixture.clock, within: fixture.patience) {
            try await offer(reservation(2)) == reservation(2).address
        }
        try requireEqual(
            try await offer(reservation(3)), reservation(3).address, "published while it was dead")
        try await requireNoOffer(to: reservation(1).mac, "removed while it was dead")
    }

    private func badHostNameIsRefused() async throws {
        let good = reservation(1)
        try await port.publish([good])
        for name in ["", "two words", "a,b", "infinite", "line\nbreak", String(repeating: "a", count: 64)] {
            var bad = reservation(2)
            bad.hostName = name
            try await requireFailure(
                .rejected, .invalid, "host name '\(name)'",
                of: { () async throws(PortError) in try await port.publish([good, bad]) })
        }
        try requireEqual(try await port.observe(), [good], "after the refusals")
    }

    private func awaitServing() async throws {
        try await eventually("serving", on: fixture.clock, within: fixture.patience) { await port.status() == .serving }
    }
}
