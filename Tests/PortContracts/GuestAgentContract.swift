package import FarmModel
package import FarmPorts

/// What the contract suite of `GuestAgent` needs around the port: a guest whose agent is up, and accidents.
package protocol GuestAgentFixture: Sendable {
    associatedtype Port: GuestAgent

    var port: Port { get }
    var clock: any FarmClock { get }
    /// How long anything that must happen may take here; more than a call's limit.
    var patience: Duration { get }
    /// The guest, with its agent's secret. It has no session.
    var guest: AgentEndpoint { get }
    /// What a start says that must work, for a client of that number.
    func parameters(ofClient number: Int) -> [String: String]

    /// A client connects to the session that listens, and stays.
    func connectClient() async throws
    /// From now on the agent takes calls and answers none, until `letAgentSpeak`.
    func silenceAgent() async throws
    func letAgentSpeak() async throws
    /// Runs the body with an endpoint of an agent that does what it is asked and whose answers are cut off.
    func whileAnswersAreCut(_ body: (AgentEndpoint) async throws -> Void) async throws
    /// An address on the guests' network where nobody is.
    var emptyAddress: IPv4Address { get }
    /// Ends the agent; nobody listens at its port any more.
    func endAgent() async throws
    /// Begins a guest anew, with an agent that is up.
    func restart() async throws
    func hasPoweredOff() async throws -> Bool
}

/// The promises of `GuestAgent`. Each check leaves the guest without a session.
package struct GuestAgentContract<Fixture: GuestAgentFixture>: Sendable {
    private let fixture: Fixture
    private var port: Fixture.Port { fixture.port }
    private var guest: AgentEndpoint { fixture.guest }

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("an agent that is up answers") { try await agentAnswers() },
            ContractCheck("a session is started, listens, and is stopped") { try await sessionIsStarted() },
            ContractCheck("a start that is repeated is answered like the first") { try await startIsRepeated() },
            ContractCheck("a start for another client is busy, and makes the waiting session go") {
                try await otherStartIsBusy()
            },
            ContractCheck("a start while a client is connected is busy, and suspends the session") {
                try await startSuspends()
            },
            ContractCheck("a suspended session is resumed and keeps waiting for clients") { try await resumes() },
            ContractCheck("suspending and stopping what is not there is no error") { try await nothingToEnd() },
            ContractCheck("a wrong secret is denied everything, and told to nobody") { try await secretCounts() },
            ContractCheck("an agent that does not answer is given up, with an unknown outcome") {
                try await silenceIsUnknown()
            },
            ContractCheck("a cancelled caller does not wait for the answer") { try await cancelledReturns() },
            ContractCheck("an answer that is cut off is an unknown outcome") { try await cutAnswerIsUnknown() },
            ContractCheck("where no guest is nothing was sent") { try await emptyAddressIsUnreachable() },
            ContractCheck("where no agent listens nothing was sent") { try await noAgentIsUnreachable() },
            ContractCheck("a guest that is told to powers off") { try await powersOff() },
        ]
    }

    /// All calls of the port.
    private var calls: [(name: String, make: @Sendable (AgentEndpoint) async throws(PortError) -> Void)] {
        let (port, parameters) = (port, fixture.parameters(ofClient: 1))
        return [
            ("ping", { guest async throws(PortError) in try await port.ping(guest) }),
            (
                "startSession",
                { guest async throws(PortError) in try await port.startSession(guest, parameters: parameters) }
            ),
            ("sessionState", { guest async throws(PortError) in _ = try await port.sessionState(guest) }),
            ("suspendSession", { guest async throws(PortError) in try await port.suspendSession(guest) }),
            ("stopSession", { guest async throws(PortError) in try await port.stopSession(guest) }),
            ("powerOff", { guest async throws(PortError) in try await port.powerOff(guest) }),
        ]
    }

    private func start(_ client: Int) async throws(PortError) {
        try await port.startSession(guest, parameters: fixture.parameters(ofClient: client))
    }

    private func reach(_ state: GuestSessionState) async throws {
        let port = port
        try await eventually("session state \(state.rawValue)", on: fixture.clock, within: fixture.patience) {
            try await port.sessionState(guest) == state
        }
    }

    private func end() async throws {
        try await port.stopSession(guest)
        try await reach(.stopped)
    }

    /// A session that a client sees.
    private func connected() async throws {
        try await start(1)
        try await reach(.listening)
        try await fixture.connectClient()
        try await reach(.connected)
    }

    private func agentAnswers() async throws {
        try await port.ping(guest)
        try requireEqual(try await port.sessionState(guest), .stopped, "the state before any session")
    }

    private func sessionIsStarted() async throws {
        try await start(1)
        try await reach(.listening)
        try await end()
    }

    private func startIsRepeated() async throws {
        try await start(1)
        try await start(1)
        try await reach(.listening)
        try await start(1)
        try requireEqual(try await port.sessionState(guest), .listening, "the state after the same start")
        try await end()
    }

    private func otherStartIsBusy() async throws {
        try await start(1)
        try await reach(.listening)
        try await requireFailure(.rejected, .busy, "a start for another client while one is waited for") {
            () async throws(PortError) in try await start(2)
        }
        // No client ever saw that session, so nothing of it is kept.
        try await reach(.stopped)
        try await start(2)
        try await reach(.listening)
        try await end()
    }

    private func startSuspends() async throws {
        try await connected()
        try await requireFailure(.rejected, .busy, "a start while a client is connected") {
            () async throws(PortError) in try await start(2)
        }
        try await reach(.suspended)
        try await end()
    }

    private func resumes() async throws {
        try await connected()
        try await port.suspendSession(guest)
        try await reach(.suspended)
        try await port.suspendSession(guest)
        try requireEqual(try await port.sessionState(guest), .suspended, "the state when suspended twice")
        try await start(2)
        try await reach(.listening)
        // A desktop that was seen is not ended because another client comes.
        try await requireFailure(.rejected, .busy, "a start for a third client") {
            () async throws(PortError) in try await start(3)
        }
        try await reach(.suspended)
        try await end()
    }

    private func nothingToEnd() async throws {
        try await port.suspendSession(guest)
        try await port.stopSession(guest)
        try requireEqual(try await port.sessionState(guest), .stopped, "the state after ending nothing")
    }

    private func secretCounts() async throws {
        let wrong = String(repeating: "ab", count: 32)
        for secret in [AgentSecret(wrong), nil] {
            var stranger = guest
            stranger.secret = secret
            for call in calls {
                let error = try await requireFailure(.rejected, .denied, "\(call.name) without the secret") {
                    () async throws(PortError) in try await call.make(stranger)
                }
                try require(!"\(error)".contains(wrong), "the error tells the secret: \(error)")
            }
        }
        try requireEqual(try await port.sessionState(guest), .stopped, "the state after a stranger's calls")
        try require(try await !fixture.hasPoweredOff(), "a stranger powered the guest off")
    }

    private func silenceIsUnknown() async throws {
        try await fixture.silenceAgent()
        for call in calls where ["ping", "suspendSession"].contains(call.name) {
            let what = "\(call.name) to an agent that does not answer"
            let guest = guest
            _ = try await within(fixture.patience, on: fixture.clock, what) {
                try await requireFailure(.outcomeUnknown, .timedOut, what) { () async throws(PortError) in
                    try await call.make(guest)
                }
            }
        }
        try await fixture.letAgentSpeak()
        try await port.ping(guest)
    }

    private func cancelledReturns() async throws {
        try await fixture.silenceAgent()
        let (port, guest, clock) = (port, guest, fixture.clock)
        let begun = clock.now
        let reason = try await withThrowingTaskGroup(of: PortError.Reason?.self) { group in
            group.addTask {
                do throws(PortError) {
                    try await port.ping(guest)
                    return nil
                } catch {
                    return error.reason
                }
            }
            try await clock.sleep(for: .milliseconds(300))
            group.cancelAll()
            return try await group.next() ?? nil
        }
        let took = begun.duration(to: clock.now)
        try await fixture.letAgentSpeak()
        try requireEqual(reason, .cancelled, "why the call of a cancelled caller failed")
        try require(took < .seconds(3), "a cancelled caller was kept for \(took)")
    }

    private func cutAnswerIsUnknown() async throws {
        try await fixture.whileAnswersAreCut { guest in
            for call in calls where ["ping", "sessionState", "stopSession"].contains(call.name) {
                do throws(PortError) {
                    try await call.make(guest)
                } catch {
                    try requireEqual(error.effect, .outcomeUnknown, "\(call.name), answered with half an answer")
                    // Half a head is no answer; half a body may be an answer that cannot be read.
                    try require([.corrupt, .unavailable].contains(error.reason), "\(call.name): \(error)")
                    continue
                }
                throw ContractViolation("\(call.name) took half an answer for one")
            }
        }
    }

    private func emptyAddressIsUnreachable() async throws {
        var nobody = guest
        nobody.address = fixture.emptyAddress
        try await requireNothingSent(nobody, [.timedOut, .unavailable])
    }

    private func noAgentIsUnreachable() async throws {
        try await fixture.endAgent()
        try await requireNothingSent(guest, [.unavailable])
        try await fixture.restart()
        try await port.ping(guest)
    }

    private func requireNothingSent(_ guest: AgentEndpoint, _ reasons: Set<PortError.Reason>) async throws {
        for call in calls where ["ping", "startSession"].contains(call.name) {
            do throws(PortError) {
                try await call.make(guest)
            } catch {
                try requireEqual(error.effect, .unreachable, "\(call.name) to \(guest.address), where nobody listens")
                try require(reasons.contains(error.reason), "\(call.name): \(error)")
                continue
            }
            throw ContractViolation("\(call.name) to \(guest.address), where nobody listens, succeeded")
        }
    }

    private func powersOff() async throws {
        try await port.powerOff(guest)
        let fixture = fixture
        try await eventually("a guest that powers off", on: fixture.clock, within: fixture.patience) {
            try await fixture.hasPoweredOff()
        }
    }
}
