package import FarmModel
import GuestProtocol

/// The X session of a guest: decides what to do with nxagent, and what `x_state` answers.
///
/// ```
///    stopped
///       │ x_start
///       ▼
///  provisioning ───────► stopped: it failed, or x_stop came meanwhile
///       │ provisioned
///       ▼
///    starting ◄───────────────────────────────────────┐
///       │ listens                                     │ x_start: HUP
///       ▼        nobody came: HUP                     │
///   listening ──────────────────► suspending ───► suspended
///       │ RUNNING                     ▲
///       ▼                             │ the client left; x_suspend or another x_start: HUP
///   connected ────────────────────────┘
///
///    from every state with an nxagent:
///       x_stop, the session program ended, a limit passed ─► stopping (TERM, later KILL)
///       nxagent is gone ─► stopped
/// ```
/// A desktop that was ever connected is never killed because a client did not come: it goes back to `suspended`.
///
/// The original refuses every `x_start` but those in `stopped` and `suspended`. Here a repeated one, whose answer
/// was lost, is answered like the first, and another client's takes the place of one that never connected: the
/// waiting nxagent has read its options already and cannot be told of new ones, so it is stopped or suspended.
package struct GuestSessionMachine: Sendable, Hashable {
    /// What is to be done, in this order, by the machine's owner.
    package enum Action: Sendable, Hashable {
        /// Home and user; ends with `provisioned`.
        case provision
        /// Write the files of this session anew, start nxagent; ends with `launched`.
        case launch
        /// Write options and cookie of the new client, then SIGHUP.
        case resume
        /// SIGHUP to nxagent.
        case suspend
        /// SIGTERM to nxagent.
        case terminate
        /// SIGKILL to nxagent.
        case kill
        /// The session program; only once in the life of an nxagent.
        case startProgram
        /// End what is left of the session program and its children.
        case stopProgram
    }

    /// nxagent, as it is seen at one moment.
    package struct Observation: Sendable, Hashable {
        package var isAlive: Bool
        package var state: NXAgentState?
        /// Whether its port is listened on, by `/proc/net/tcp`: a probe would kill a waiting nxagent.
        package var isListening: Bool
        /// Whether the session program, once started, still runs.
        package var isProgramAlive: Bool

        package init(
            isAlive: Bool, state: NXAgentState?, isListening: Bool, isProgramAlive: Bool
        ) {
            self.isAlive = isAlive
            self.state = state
            self.isListening = isListening
            self.isProgramAlive = isProgramAlive
        }
    }

    package let limits: GuestSessionLimits
    package private(set) var state = GuestSessionState.stopped
    /// When the state has lasted too long.
    package private(set) var deadline: Instant?
    /// Whether this nxagent ran before: its windows are worth keeping.
    package private(set) var hasRun = false
    /// Whether the session program was started.
    package private(set) var hasProgram = false
    /// When nxagent was last told to suspend or resume; nil in a state that waits for neither.
    private var signalled: Instant?
    /// Whether nxagent was last seen suspended.
    private var isSuspended = false
    /// A stop that came while the guest was being provisioned.
    private var stopsAfterProvisioning = false
    /// What became of the last start, in words; nil when it went well.
    package private(set) var lastFailure: String?

    package init(limits: GuestSessionLimits = GuestSessionLimits()) { self.limits = limits }

    // MARK: Requests

    /// `x_start`. The actions are to be done even when it is refused, in words for the caller.
    ///
    /// - Parameter isRepeated: the request asks for exactly what the last one did.
    package mutating func start(isRepeated: Bool, at now: Instant) -> (actions: [Action], refusal: String?) {
        switch state {
        case .stopped:
            state = .provisioning
            lastFailure = nil
            hasRun = false
            hasProgram = false
            stopsAfterProvisioning = false
            return ([.provision], nil)
        case .suspended:
            return (signal(.resume, now), nil)
        case .connected:
            return (signal(.suspend, now), "the session is connected and being suspended, \(AgentAnswer.retryLater)")
        case .provisioning where !stopsAfterProvisioning:
            return ([], nil)
        case .starting where isRepeated, .listening where isRepeated:
            return ([], nil)
        case .listening:
            return (giveUpWaiting(now), "the session waited for another client, \(AgentAnswer.retryLater)")
        case .starting, .provisioning, .suspending, .stopping:
            return ([], "the session is \(state.rawValue), \(AgentAnswer.retryLater)")
        }
    }

    /// `x_suspend`.
    package mutating func suspend(at now: Instant) -> [Action] {
        guard state == .connected else { return [] }
        return signal(.suspend, now)
    }

    /// `x_stop`.
    package mutating func stop(at now: Instant) -> [Action] {
        switch state {
        case .stopped, .stopping: return []
        case .provisioning:
            stopsAfterProvisioning = true
            return []
        case .starting, .listening, .connected, .suspending, .suspended:
            enter(.stopping, limits.stopping, now)
            return [.terminate]
        }
    }

    // MARK: What happened

    /// The end of `provision`; `failure` in words.
    package mutating func provisioned(failure: String?, at now: Instant) -> [Action] {
        guard state == .provisioning else { return [] }
        if failure != nil || stopsAfterProvisioning {
            leave(failure)
            return []
        }
        enter(.starting, limits.starting, now)
        return [.launch]
    }

    /// A failure of `launch`, in words.
    package mutating func launchFailed(_ failure: String) { leave(failure) }

    /// An agent that was started anew found an nxagent of its predecessor.
    package mutating func adopt(_ seen: Observation, hasProgram: Bool, at now: Instant) -> [Action] {
        guard state == .stopped, seen.isAlive else { return [] }
        self.hasProgram = hasProgram
        hasRun = hasProgram
        switch seen.state {
        case .running:
            hasRun = true
            enter(.connected, nil, now)
        case .suspended:
            hasRun = true
            enter(.suspended, nil, now)
        case .suspending: enter(.suspending, limits.suspending, now)
        case .starting, .resuming, nil: enter(.starting, limits.starting, now)
        case .terminating, .terminated: enter(.stopping, limits.stopping, now)
        }
        return observe(seen, at: now)
    }

    /// A look at nxagent. Called often: this is also how limits are noticed.
    package mutating func observe(_ seen: Observation, at now: Instant) -> [Action] {
        guard state != .stopped, state != .provisioning else { return [] }
        guard seen.isAlive else {
            let hadProgram = hasProgram
            let failure = hasRun || state == .stopping ? nil : "nxagent ended before a client was connected"
            leave(failure)
            return hadProgram ? [.stopProgram] : []
        }
        follow(seen, now)
        var actions = repeatUnheeded(seen, now)
        if state == .connected, !hasProgram {
            hasProgram = true
            actions.append(.startProgram)
        } else if hasProgram, !seen.isProgramAlive, state != .stopping {
            // The user logged out.
            enter(.stopping, limits.stopping, now)
            actions.append(.terminate)
        }
        if let deadline, now >= deadline { actions += expire(now) }
        return actions
    }

    /// Where nxagent itself went.
    private mutating func follow(_ seen: Observation, _ now: Instant) {
        isSuspended = seen.state == .suspended
        switch (state, seen.state) {
        case (.stopping, _): break
        case (_, .terminating), (_, .terminated): enter(.stopping, limits.stopping, now)
        case (.starting, .starting), (.starting, .resuming):
            if seen.isListening { enter(.listening, limits.listening, now) }
        case (.starting, .running), (.listening, .running):
            hasRun = true
            enter(.connected, nil, now)
        case (.connected, .suspending):
            enter(.suspending, limits.suspending, now)
        case (.connected, .suspended), (.suspending, .suspended), (.listening, .suspended):
            enter(.suspended, nil, now)
        default: break
        }
    }

    /// A signal that nxagent does not heed was lost, or a client was refused faster than anybody looked.
    private mutating func repeatUnheeded(_ seen: Observation, _ now: Instant) -> [Action] {
        guard let last = signalled, now >= last.advanced(by: limits.heeding) else { return [] }
        if let deadline, now >= deadline { return [] }
        switch (state, seen.state) {
        case (.starting, .suspended):
            signalled = now
            return [.resume]
        case (.suspending, .running):
            signalled = now
            return [.suspend]
        default: return []
        }
    }

    private mutating func expire(_ now: Instant) -> [Action] {
        switch state {
        case .stopping:
            enter(.stopping, limits.stopping, now)
            return [.kill]
        case .starting, .listening:
            if !hasRun { lastFailure = "the session was \(state.rawValue) for too long" }
            return giveUpWaiting(now)
        case .suspending:
            lastFailure = "the session was \(state.rawValue) for too long"
            enter(.stopping, limits.stopping, now)
            return [.terminate]
        case .stopped, .provisioning, .connected, .suspended: return []
        }
    }

    /// Ends the wait for a client that does not come.
    private mutating func giveUpWaiting(_ now: Instant) -> [Action] {
        guard hasRun else {
            enter(.stopping, limits.stopping, now)
            return [.terminate]
        }
        // A signal would resume one that is suspended already.
        if isSuspended {
            enter(.suspended, nil, now)
            return []
        }
        return signal(.suspend, now)
    }

    /// Enters the state in which nxagent follows this signal.
    private mutating func signal(_ action: Action, _ now: Instant) -> [Action] {
        if action == .resume {
            enter(.starting, limits.starting, now)
        } else {
            enter(.suspending, limits.suspending, now)
        }
        signalled = now
        return [action]
    }

    private mutating func enter(_ next: GuestSessionState, _ limit: Duration?, _ now: Instant) {
        state = next
        signalled = nil
        deadline = limit.map { now.advanced(by: $0) }
    }

    private mutating func leave(_ failure: String?) {
        state = .stopped
        deadline = nil
        signalled = nil
        hasProgram = false
        hasRun = false
        if let failure { lastFailure = failure }
    }
}
