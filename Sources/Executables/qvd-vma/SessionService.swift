import FarmModel
import Glibc
import GuestControl
import GuestProtocol
import Synchronization

/// Keeps the guest's one X session: answers calls, and carries out what the machine decides. Everything here may
/// block for a moment, so it is called on threads that may; only the provisioning is long, and runs unlocked.
final class SessionService: Sendable {
    typealias Reply = @Sendable (AgentAnswer) -> Void

    private struct Held {
        var machine: GuestSessionMachine
        var session: XSession
        var request: SessionRequest?
        /// Calls of `x_start` that wait for the provisioning, each until its moment.
        var waiting: [(until: Instant, reply: Reply)] = []
        var isPoweringOff = false
    }

    let configuration: AgentConfiguration
    private let held: Mutex<Held>
    /// Runs long work on another thread.
    private let later: @Sendable (@escaping @Sendable () -> Void) -> Void

    init(
        _ configuration: AgentConfiguration, later: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) {
        self.configuration = configuration
        self.later = later
        held = Mutex(
            Held(
                machine: GuestSessionMachine(limits: configuration.limits),
                session: XSession(configuration: configuration)))
    }

    // MARK: Calls

    /// Answers at once but for `x_start`, which waits a moment for the provisioning.
    func answer(_ call: AgentCall, peer: IPv4Address?, reply: @escaping Reply) {
        switch call.method {
        case .ping: reply(.alive)
        case .sessionState: reply(.state(look()))
        case .startSession: start(call.parameters, peer: peer, reply: reply)
        case .suspendSession:
            reply(
                .state(
                    held.withLock { held in
                        observe(&held)
                        perform(held.machine.suspend(at: SystemCall.now()), &held)
                        return held.machine.state
                    }))
        case .stopSession: reply(.state(stop()))
        case .powerOff: powerOff(reply)
        }
    }

    /// Whether something is under way that the next look may find ended.
    var isPassing: Bool {
        held.withLock { held in
            switch held.machine.state {
            case .stopped, .connected, .suspended: false
            case .provisioning, .starting, .listening, .suspending, .stopping: true
            }
        }
    }

    /// Looks at the session, acts on what changed, and says how it is. Called some times a second.
    @discardableResult
    func look() -> GuestSessionState {
        held.withLock { held in
            observe(&held)
            let now = SystemCall.now()
            let late = held.waiting.filter { $0.until <= now }
            held.waiting.removeAll { $0.until <= now }
            for waiter in late { waiter.reply(.state(.starting)) }
            return held.machine.state
        }
    }

    /// Takes over the session of an agent that ended before this one began.
    func adopt() {
        held.withLock { held in
            do throws(AgentFailure) {
                guard try held.session.adopt() else { return }
                let seen = try held.session.observe(isStarting: true)
                let actions = held.machine.adopt(
                    seen, hasProgram: held.session.program != nil, at: SystemCall.now())
                AgentLog.info("adopted the session of an earlier agent: \(held.machine.state.rawValue)")
                perform(actions, &held)
            } catch {
                AgentLog.error("adopting an earlier session: \(error)")
            }
        }
    }

    private func start(_ parameters: [String: String], peer: IPv4Address?, reply: @escaping Reply) {
        let request: SessionRequest
        do throws(GuestProtocolError) {
            request = try SessionRequest(parameters: parameters, peer: peer)
        } catch {
            return reply(.failure("x_start: \(error)"))
        }
        held.withLock { held in
            guard !held.isPoweringOff else { return reply(.failure("x_start: the guest is being powered off")) }
            observe(&held)
            let now = SystemCall.now()
            let (actions, refusal) = held.machine.start(isRepeated: request == held.request, at: now)
            if refusal == nil { held.request = request }
            let failure = perform(actions, &held)
            if let text = refusal ?? failure {
                reply(.failure("x_start: \(text)"))
            } else if held.machine.state == .provisioning {
                held.waiting.append((now.advanced(by: configuration.startPatience), reply))
            } else {
                reply(.state(.starting))
            }
        }
    }

    @discardableResult
    private func stop() -> GuestSessionState {
        held.withLock { held in
            observe(&held)
            perform(held.machine.stop(at: SystemCall.now()), &held)
            return held.machine.state
        }
    }

    // MARK: Acting

    private func observe(_ held: inout Held) {
        guard held.machine.state != .stopped, held.machine.state != .provisioning else { return }
        let before = held.machine.state
        do throws(AgentFailure) {
            let seen = try held.session.observe(isStarting: held.machine.state == .starting)
            perform(held.machine.observe(seen, at: SystemCall.now()), &held)
        } catch {
            AgentLog.error("looking at the session: \(error)")
        }
        if held.machine.state != before {
            AgentLog.info("session \(held.machine.state.rawValue)")
            if held.machine.state == .stopped, let failure = held.machine.lastFailure {
                AgentLog.error("\(failure): \(held.session.lastWords())")
            }
        }
    }

    /// Returns the failure of an action, in words; the machine knows of it already.
    @discardableResult
    private func perform(_ actions: [GuestSessionMachine.Action], _ held: inout Held) -> String? {
        for action in actions {
            do throws(AgentFailure) {
                switch action {
                case .provision:
                    let wanted = held.request?.wantedUser
                    later { self.provision(wanted) }
                case .launch: break
                case .resume:
                    if let request = held.request { try held.session.resume(request) }
                case .suspend: held.session.signal(SIGHUP)
                case .terminate: held.session.signal(SIGTERM)
                case .kill: held.session.signal(SIGKILL)
                case .startProgram: try held.session.startProgram()
                case .stopProgram: held.session.stopProgram()
                }
            } catch {
                AgentLog.error("\(error)")
                return error.description
            }
        }
        return nil
    }

    private func provision(_ wanted: String?) {
        let result: Result<SessionAccount, AgentFailure>
        do throws(AgentFailure) {
            result = .success(try Provisioning(configuration: configuration).run(wantedUser: wanted))
        } catch {
            result = .failure(error)
        }
        held.withLock { held in
            let now = SystemCall.now()
            var answer = AgentAnswer.state(.starting)
            switch result {
            case .failure(let error):
                _ = held.machine.provisioned(failure: error.description, at: now)
                answer = .failure("x_start: \(error)")
            case .success(let account):
                let actions = held.machine.provisioned(failure: nil, at: now)
                if actions.contains(.launch), let request = held.request {
                    do throws(AgentFailure) {
                        try held.session.launch(request, as: account)
                        AgentLog.info("nxagent started as \(account.name): \(request.options)")
                    } catch {
                        held.machine.launchFailed(error.description)
                        answer = .failure("x_start: \(error)")
                    }
                } else {
                    answer = .failure("x_start: stopped while it was being prepared")
                }
            }
            if case .failure(let text) = answer { AgentLog.error(text) }
            for waiter in held.waiting { waiter.reply(answer) }
            held.waiting = []
        }
    }

    // MARK: Power off

    private func powerOff(_ reply: Reply) {
        let isFirst = held.withLock { held in
            defer { held.isPoweringOff = true }
            return !held.isPoweringOff
        }
        reply(.alive)
        guard isFirst else { return }
        AgentLog.info("powering off")
        later { self.finish() }
    }

    /// Ends the session, then the home, then the guest; none of them holds the next up for long.
    private func finish() {
        stop()
        let deadline = SystemCall.now().advanced(by: .seconds(5))
        while look() != .stopped, SystemCall.now() < deadline { SystemCall.pause(milliseconds: 50) }
        let account = held.withLock { held in
            held.session.signal(SIGKILL)
            return held.session.notes?.account
        }
        do throws(AgentFailure) {
            try HomeRelease(configuration: configuration).run(user: account?.user)
        } catch {
            AgentLog.error("releasing the home: \(error)")
        }
        do throws(AgentFailure) {
            try GuestProgram.require(configuration.powerOffCommand, limit: .seconds(30))
        } catch {
            AgentLog.error("power off: \(error)")
        }
    }
}
