package import FarmModel

/// One client's way to its desktop. The router asks it what to do, does it, and tells what came of it.
///
/// ```
/// idle ─► authenticating ─► admitting ─► authorizing
///                                            │
///                                            ▼
///                                        claiming ⟲ asks the holder to go, and takes its place at the limit
///                                            │ claimed
///                                            ▼
///                                        starting ⟲ requests, waits; stopped again ─► ended
///                                            │ runs
///                                            ▼
///                                  startingSession ⟲ 1 s apart ◄─────────┐
///                                            │ x_start answered          │ any other state
///                                            ▼                           │
///                                  awaitingSession ⟲ while it starts ────┤
///                                            │ listening                 │
///                                            ▼                           │
///                                         marking                        │
///                                            │ marked                    │ no connection
///                                            ▼                           │
///                                   openingConnection ───────────────────┘
///                                            │ open
///                                            ▼
///                                       streaming ─► ended
/// ```
/// Every phase but `idle`, `streaming` and `ended` has a deadline; from each, `clientLeft` (except from
/// streaming, where the relay tells), `takenOver`, `routerStops` and the deadline lead to `ended`.
package struct ConnectMachine: Sendable, Hashable {
    package let limits: ConnectLimits
    /// What the request asks for, or the answer that refuses it: given only to those who may log in.
    package let request: Result<ConnectRequest, RouterAnswer>

    package private(set) var phase = Phase.idle
    package private(set) var deadline: Instant?
    package private(set) var grant: Grant?
    package private(set) var ending: SessionEnding?
    /// Whether the store may hold a session of ours that must be ended.
    package private(set) var mayHoldClaim = false
    /// Whether the agent may have been asked for an X session.
    package private(set) var mayHaveGuestSession = false
    /// Whether bytes flowed.
    package private(set) var hasStreamed = false

    private var sessionTries = 0
    private var sessionDeadline = Instant.start
    private var hasAskedToStart = false
    /// What `waited` leads to.
    private var afterWait = Action.readDesktop
    /// Why the phase is not over yet, for the message at its deadline.
    private var problem: String?
    private var lastProgress: String?
    private var isLookingAtStore = false
    /// Who has the VM, was asked to give it up, and has until then.
    private var holder: Holder?
    private var holdersMet = 0

    package init(request: Result<ConnectRequest, RouterAnswer>, limits: ConnectLimits = ConnectLimits()) {
        self.request = request
        self.limits = limits
    }

    /// Takes an event. The actions returned are empty once ended, or when an answer came too late to matter.
    package mutating func receive(_ event: Event, at now: Instant) -> [Action] {
        guard phase != .ended else { return [] }
        switch event {
        case .clientLeft:
            if hasStreamed { return [] }
            return end(.clientLeft, "The client left before it was connected.")
        case .takenOver:
            return end(.takenOver, "Another client of the same user took the session over.", answering: true)
        case .routerStops:
            return end(.routerStopped, "The server is being stopped.", answering: true)
        case .deadlinePassed:
            guard let deadline, now >= deadline else { return [] }
            return expire()
        case .waited:
            if let deadline, now >= deadline { return expire() }
            return issue(phase == .claiming ? nextClaim(now) : afterWait)
        default: break
        }
        switch phase {
        case .idle:
            return event == .begin ? enter(.authenticating, limits.authenticate, now, .authenticate) : []
        case .authenticating, .admitting, .authorizing: return admit(event, now)
        case .claiming: return claim(event, now)
        case .starting: return start(event, now)
        case .startingSession, .awaitingSession, .openingConnection: return startSession(event, now)
        case .marking: return mark(event, now)
        case .streaming: return stream(event)
        case .ended: return []
        }
    }

    // MARK: Login and access

    private mutating func admit(_ event: Event, _ now: Instant) -> [Action] {
        switch (phase, event) {
        case (.authenticating, .authenticated(let grant)):
            self.grant = grant
            return enter(.admitting, limits.authorize, now, .readNode)
        case (.authenticating, .loginRefused(let answer)):
            return refuse(answer)
        case (.admitting, .nodeRead(let isBlocked)):
            if isBlocked { return refuse(.nodeBlocked) }
            if case .failure(let answer) = request { return refuse(answer) }
            return enter(.authorizing, limits.authorize, now, .readDesktop)
        case (.authorizing, .desktopRead(let desktop)):
            guard let desktop else { return refuse(.noSuchVM) }
            if desktop.isBlocked { return refuse(.vmBlocked) }
            return enter(
                .claiming, limits.takeOver, now, .claim, "Checking that no other client is connected")
        case (.authenticating, .failed(let failure)):
            return refuse(.serverFailed(failure.text))
        case (.admitting, .failed(let failure)):
            return failure.isTransient
                ? wait(failure.text, .readNode, now) : refuse(.serverFailed(failure.text))
        case (.authorizing, .failed(let failure)):
            return failure.isTransient
                ? wait(failure.text, .readDesktop, now) : refuse(.serverFailed(failure.text))
        default:
            return unexpected(event)
        }
    }

    // MARK: Take over

    private mutating func claim(_ event: Event, _ now: Instant) -> [Action] {
        switch event {
        case .claimed:
            return enter(.starting, limits.start, now, .readDesktop)
        case .held(let peer, let token):
            if holder?.token != token {
                holdersMet += 1
                guard holdersMet <= limits.holdersMax else {
                    return fail("close other clients: they take the session from each other")
                }
                let until = now.advanced(by: limits.takeOver)
                holder = Holder(token: token, until: until)
                deadline = until.advanced(by: limits.takePlace)
            } else if case .takeOver = nextClaim(now) {
                return issue(nextClaim(now))
            }
            let wait = wait("close other clients: one at \(peer) does not give the session up", .claim, now)
            return tellProgress("Taking the session over from the client at \(peer)") + wait
        case .failed(let failure):
            return failure.isTransient ? wait(failure.text, .claim, now) : fail(failure.text)
        default:
            return unexpected(event)
        }
    }

    private struct Holder: Hashable {
        var token: SessionToken
        var until: Instant
    }

    private func nextClaim(_ now: Instant) -> Action {
        guard let holder, now >= holder.until else { return .claim }
        return .takeOver(holder.token)
    }

    // MARK: Place and start

    private mutating func start(_ event: Event, _ now: Instant) -> [Action] {
        switch event {
        case .desktopRead(let desktop):
            guard let desktop else { return fail("it was deleted") }
            return start(desktop, now)
        case .startRequested:
            hasAskedToStart = true
            return tellProgress("Starting the virtual machine") + issue(.readDesktop)
        case .failed(let failure):
            return failure.isTransient ? wait(failure.text, .readDesktop, now) : fail(failure.text)
        default:
            return unexpected(event)
        }
    }

    private mutating func start(_ desktop: DesktopFacts, _ now: Instant) -> [Action] {
        if desktop.isBlocked { return fail("it is offline for maintenance") }
        if desktop.isReady {
            sessionDeadline = now.advanced(by: limits.session)
            return enter(
                .startingSession, limits.session, now, .startSession, "Starting the graphical session")
        }
        switch (desktop.state, desktop.wanted) {
        case (.debugging, _):
            return fail("it is being debugged")
        case (.zombie, _):
            return wait("the server cannot confirm that its last run ended", .readDesktop, now)
        case (_, .run):
            hasAskedToStart = true
            let doing = desktop.detail.isEmpty ? "" : " (\(desktop.detail))"
            let wait = wait("it did not start in time\(doing)", .readDesktop, now)
            return tellProgress("Starting the virtual machine\(doing)") + wait
        case (_, .stop):
            if hasAskedToStart { return fail(desktop.lastError ?? "it was stopped") }
            return issue(.requestStart)
        }
    }

    // MARK: X session

    private mutating func startSession(_ event: Event, _ now: Instant) -> [Action] {
        switch (phase, event) {
        case (.startingSession, .sessionStarted):
            return enterSession(.awaitingSession, limits.listening, now, .readGuestState)
        case (.startingSession, .desktopRead(let desktop)):
            guard let desktop, desktop.isReady else {
                return fail(desktop?.lastError ?? "it stopped while the session was being started")
            }
            return issue(.startSession)
        case (.startingSession, .failed(let failure)):
            // A failed look at the store says nothing about the guest: go on asking the guest.
            if isLookingAtStore { return issue(.startSession) }
            return retrySession(failure.text, now)
        case (.awaitingSession, .guestState(.listening)):
            return enterSession(.marking, limits.mark, now, .markConnected, "Connecting to the session")
        case (.awaitingSession, .guestState(.starting)):
            return wait(
                "the graphical session does not start listening", .readGuestState, now, limits.sessionPoll)
        case (.awaitingSession, .guestState(.provisioning)):
            deadline = sessionDeadline
            let wait = wait("the guest is still being provisioned", .readGuestState, now, limits.sessionPoll)
            return tellProgress("Preparing the user's home") + wait
        case (.awaitingSession, .guestState(let state)):
            return retrySession("the graphical session is \(state.rawValue)", now)
        case (.awaitingSession, .failed(let failure)):
            return wait(failure.text, .readGuestState, now, limits.sessionPoll)
        case (.openingConnection, .connectionOpened):
            phase = .streaming
            deadline = nil
            hasStreamed = true
            return issue(.relay)
        case (.openingConnection, .failed(let failure)):
            return retrySession(failure.text, now)
        default:
            return unexpected(event)
        }
    }

    private mutating func retrySession(_ problem: String, _ now: Instant) -> [Action] {
        guard sessionTries < limits.sessionTriesMax else { return fail(problem) }
        phase = .startingSession
        deadline = sessionDeadline
        return wait(problem, .readDesktop, now, limits.sessionRetry)
    }

    private mutating func enterSession(
        _ next: Phase, _ limit: Duration, _ now: Instant, _ effect: Action, _ text: String? = nil
    ) -> [Action] {
        let actions = enter(next, limit, now, effect, text)
        deadline = min(now.advanced(by: limit), sessionDeadline)
        return actions
    }

    // MARK: Stream

    private mutating func mark(_ event: Event, _ now: Instant) -> [Action] {
        switch event {
        case .marked:
            return enterSession(.openingConnection, limits.openConnection, now, .openConnection)
        case .markedStale:
            return end(.takenOver, "Another client of the same user took the session over.", answering: true)
        case .failed(let failure):
            return failure.isTransient ? wait(failure.text, .markConnected, now) : fail(failure.text)
        default:
            return unexpected(event)
        }
    }

    private mutating func stream(_ event: Event) -> [Action] {
        switch event {
        case .relayEnded(.clientClosed): end(.clientClosed, "The client closed the session.")
        case .relayEnded(.clientVanished): end(.clientVanished, "The client stopped answering.")
        case .relayEnded(.guestClosed): end(.guestClosed, "The virtual machine closed the session.")
        case .relayEnded(let cause): end(cause, "The session was cut.")
        case .failed(let failure): end(.clientVanished, "The client could not be reached: \(failure.text).")
        default: unexpected(event)
        }
    }

    // MARK: Steps of every phase

    private mutating func enter(
        _ next: Phase, _ limit: Duration, _ now: Instant, _ effect: Action, _ text: String? = nil
    ) -> [Action] {
        phase = next
        deadline = now.advanced(by: limit)
        problem = nil
        return (text.map { tellProgress($0) } ?? []) + issue(effect)
    }

    private mutating func issue(_ effect: Action) -> [Action] {
        isLookingAtStore = effect == .readDesktop
        switch effect {
        case .claim, .takeOver: mayHoldClaim = true
        case .startSession:
            mayHaveGuestSession = true
            sessionTries += 1
        default: break
        }
        return [effect]
    }

    private mutating func wait(
        _ problem: String, _ next: Action, _ now: Instant, _ pause: Duration? = nil
    ) -> [Action] {
        self.problem = problem
        afterWait = next
        let until = now.advanced(by: pause ?? limits.storePoll)
        return [.wait(until: deadline.map { min($0, until) } ?? until, forStore: pause == nil)]
    }

    /// Says it once, not at every look.
    private mutating func tellProgress(_ text: String) -> [Action] {
        guard text != lastProgress else { return [] }
        lastProgress = text
        return [.progress(text)]
    }

    private mutating func refuse(_ answer: RouterAnswer) -> [Action] {
        finish(SessionEnding(.refused, answer.body, answer: answer))
    }

    private mutating func fail(_ reason: String) -> [Action] {
        let answer = RouterAnswer.notAvailable(reason)
        return finish(SessionEnding(.failed, answer.body, answer: answer))
    }

    private mutating func expire() -> [Action] {
        switch phase {
        case .authenticating, .admitting, .authorizing:
            refuse(.serverFailed(problem ?? "it did not answer in time"))
        default: fail(problem ?? "\(phase.rawValue) did not end in time")
        }
    }

    private mutating func end(_ cause: SessionEnding.Cause, _ text: String, answering: Bool = false)
        -> [Action]
    {
        var ending = SessionEnding(cause, text)
        if answering && !hasStreamed { ending.answer = ending.refusal }
        return finish(ending)
    }

    private mutating func unexpected(_ event: Event) -> [Action] {
        fail("the server made a mistake (\(phase.rawValue) cannot take this event)")
    }

    private mutating func finish(_ ending: SessionEnding) -> [Action] {
        self.ending = ending
        phase = .ended
        deadline = nil
        return []
    }
}

extension ConnectMachine {
    /// What explorations compare of two machines of the same request and limits: those that are equal here do the same
    /// from here on. Moments count by how far they are, sessions by what `name` makes of them, texts for people not at
    /// all.
    package func hashSituation(into hasher: inout Hasher, at now: Instant, name: (SessionToken) -> Int) {
        hasher.combine(phase)
        hasher.combine(deadline.map { now.duration(to: $0) })
        hasher.combine(ending?.cause)
        hasher.combine(mayHoldClaim)
        hasher.combine(hasStreamed)
        hasher.combine(sessionTries)
        // Set when the first X session is asked for, and of no meaning before.
        if sessionTries > 0 { hasher.combine(now.duration(to: sessionDeadline)) }
        hasher.combine(hasAskedToStart)
        hasher.combine(afterWait)
        hasher.combine(isLookingAtStore)
        if phase == .claiming, let holder {
            hasher.combine(name(holder.token))
            hasher.combine(now.duration(to: holder.until))
            hasher.combine(holdersMet)
        }
    }
}
