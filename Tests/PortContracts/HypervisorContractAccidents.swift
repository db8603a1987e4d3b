import FarmModel
import FarmPorts

/// What befalls the hypervisor's daemon, a domain or the whole node, and what the port says of it.
extension HypervisorContract {
    var accidentChecks: [ContractCheck] {
        [
            ContractCheck("a listener is told first whether there is a connection") {
                try await connectionIsToldFirst()
            },
            ContractCheck("a daemon that is away is told, and asked nothing") { try await daemonIsAway() },
            ContractCheck("what happened while the daemon was away is observed") { try await absenceIsCaughtUp() },
            ContractCheck("a domain that the hypervisor paused is live, and goes on") { try await pausedIsLive() },
            ContractCheck("after a power loss every domain is off and defined") { try await powerIsLost() },
        ]
    }

    /// Reads the stream until this came.
    private func hear(_ wanted: HypervisorEvent, in stream: AsyncStream<HypervisorEvent>) async throws {
        let isTold = try await within(fixture.patience, on: fixture.clock, "being told \(wanted)") {
            for await event in stream where event == wanted { return true }
            return false
        }
        try require(isTold, "the events ended without \(wanted)")
    }

    func connectionIsToldFirst() async throws {
        let stream = port.events()
        let first = try await within(fixture.patience, on: fixture.clock, "a first event") {
            for await event in stream { return HypervisorEvent?.some(event) }
            return nil
        }
        try requireEqual(first, .connectionRestored, "the first event")
        try await fixture.endDaemon()
        // Its end is told at once or a moment later; who listens after that is told so.
        try await eventually("a listener told that there is no connection", on: fixture.clock, within: fixture.patience)
        {
            for await event in port.events() { return event == .connectionLost }
            return false
        }
        try await fixture.startDaemon()
        try await hear(.connectionRestored, in: port.events())
    }

    func daemonIsAway() async throws {
        let name = try await started(VMID(41))
        let events = port.events()
        try await fixture.endDaemon()
        try await hear(.connectionLost, in: events)
        let (port, specification) = (port, try await fixture.specification(of: VMID(42), epoch: Epoch(1)))
        let calls: [(String, @Sendable () async throws(PortError) -> Void)] = [
            ("observe", { () async throws(PortError) in _ = try await port.observe() }),
            ("define", { () async throws(PortError) in try await port.define(specification) }),
            ("create", { () async throws(PortError) in try await port.create(name) }),
            ("shutdown", { () async throws(PortError) in try await port.shutdown(name) }),
            ("destroy", { () async throws(PortError) in try await port.destroy(name) }),
            ("undefine", { () async throws(PortError) in try await port.undefine(name) }),
        ]
        for (what, call) in calls {
            try await requireFailure(.unreachable, .unavailable, "\(what) while the daemon is away", of: call)
        }
        let again = port.events()
        try await fixture.startDaemon()
        try await hear(.connectionRestored, in: again)
        try requireEqual(try await state(of: name), .running, "a domain whose daemon was away")
        try require(try await observed(specification.name) == nil, "what was to be defined meanwhile is there")
        try await remove(name)
    }

    func absenceIsCaughtUp() async throws {
        let (dies, lives) = (try await started(VMID(43)), try await started(VMID(44), epoch: Epoch(9)))
        try await fixture.guestIsReady(lives)
        let owner = try await observed(lives)?.owner
        try await fixture.endDaemon()
        try await fixture.killEmulator(dies)
        try await fixture.startDaemon()
        try await hear(.connectionRestored, in: port.events())
        try await waitUntilShutOff(dies)
        let found = try await observed(lives)
        try requireEqual(found?.state, .running, "a domain that lived on")
        try requireEqual(found?.owner, owner, "whose it is")
        try await port.create(dies)
        try requireEqual(try await state(of: dies), .running, "state when created again")
        // Events flow again.
        let events = port.events()
        try await port.destroy(lives)
        try await requireStream(events, tells: [.stopped(.destroyed)], of: lives)
        for name in [dies, lives] { try await remove(name) }
    }

    func pausedIsLive() async throws {
        let name = try await started(VMID(45))
        try await fixture.guestIsReady(name)
        try await fixture.pause(name)
        let paused = try await observed(name)
        try requireEqual(paused?.state, .paused, "the state of a paused domain")
        try require(paused?.isLive == true, "a paused domain is not live")
        try await requireFailure(.rejected, .alreadyExists, "a create of a paused domain") {
            () async throws(PortError) in try await port.create(name)
        }
        try await requireFailure(.rejected, .busy, "an undefine of a paused domain") {
            () async throws(PortError) in try await port.undefine(name)
        }
        try await fixture.resume(name)
        try requireEqual(try await state(of: name), .running, "the state of a domain that goes on")
        try await port.shutdown(name)
        try await waitUntilShutOff(name)
        try await port.create(name)
        try await fixture.pause(name)
        try await port.destroy(name)
        try requireEqual(try await state(of: name), .shutOff, "a paused domain that was destroyed")
        try await remove(name)
    }

    func powerIsLost() async throws {
        let (ran, defined) = (try await started(VMID(46), epoch: Epoch(5)), try await defined(VMID(47)))
        try await fixture.losePower()
        try await hear(.connectionRestored, in: port.events())
        for name in [ran, defined] { try requireEqual(try await state(of: name), .shutOff, "\(name) after booting") }
        try requireEqual(try await observed(ran)?.owner?.epoch, Epoch(5), "whose it is after booting")
        // Its tap and its secret were in memory only.
        try await port.define(try await fixture.specification(of: VMID(46), epoch: Epoch(6)))
        try await port.create(ran)
        try requireEqual(try await observed(ran)?.owner?.epoch, Epoch(6), "the epoch of the next start")
        for name in [ran, defined] { try await remove(name) }
    }
}
