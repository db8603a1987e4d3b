import FarmControl
import FarmModel
import FarmPorts
import Logging

// What is left to do when a connect is over, however it ended.
extension Router {
    func conclude(_ token: SessionToken, _ exchange: any ClientExchange) async {
        _ = connects[token]?.machine.receive(.routerStops, at: ports.clock.now)
        guard let connect = connects[token], let ending = connect.machine.ending else { return }
        let machine = connect.machine
        if let grant = machine.grant { endings.add(ending, of: token, user: grant.name) }
        await connect.connection?.close()
        // To the machine a session streams from the moment that the relay is ordered. One that ended before the relay
        // took its connection has told the client nothing yet.
        let answer = ending.answer ?? connect.connection.map { _ in ending.refusal }
        if let answer { await respond(exchange, answer) }
        if machine.hasStreamed, ending.cause != .guestClosed, let desktop = connect.desktop, let grant = machine.grant {
            await awaitSuspension(of: desktop, token, grant)
        }
        if machine.mayHoldClaim, case .success(let request) = machine.request {
            await end(token, vm: request.vm)
        }
        ports.log.info(
            "connect ended",
            metadata: metadata(token, ["cause": "\(ending.cause)", "reason": "\(ending.text)"]))
        connects[token] = nil
        if let grant = connect.grant { await ports.authenticator.giveBack(grant) }
    }

    /// Lets the X session notice that its client is gone, which nxagent does by itself; one that does not is
    /// told to suspend. Only tried: what the guest fails to do costs the next client a retry.
    private func awaitSuspension(of desktop: DesktopView, _ token: SessionToken, _ grant: Grant) async {
        let guest = endpoint(of: desktop)
        let begin = ports.clock.now
        let deadline = begin.advanced(by: configuration.suspensionTime)
        var hasAsked = false
        do throws(PortError) {
            while ports.clock.now < deadline, !Task.isCancelled {
                let state = try await ports.agent.sessionState(guest)
                guard state == .connected || state == .suspending else { return }
                if state == .connected, !hasAsked,
                    begin.duration(to: ports.clock.now) >= configuration.suspensionTime / 3
                {
                    hasAsked = true
                    // When another client took the place meanwhile, the X session is theirs.
                    guard try await ports.desktops.desktop(desktop.vm.id, grant)?.session?.token == token else {
                        return
                    }
                    try await ports.agent.suspendSession(guest)
                }
                await sleep(until: ports.clock.now.advanced(by: configuration.limits.sessionPoll))
            }
        } catch {
            ports.log.debug("session not seen to suspend", metadata: metadata(token, ["error": "\(error)"]))
        }
    }

    func endpoint(of desktop: DesktopView) -> AgentEndpoint {
        AgentEndpoint(address: desktop.vm.address, port: configuration.agentPort, secret: desktop.secret)
    }

    func metadata(_ token: SessionToken, _ more: Logger.Metadata = [:]) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["session": "\(token)"]
        if let connect = connects[token] {
            metadata["peer"] = "\(connect.peer)"
            if let grant = connect.machine.grant { metadata["user"] = "\(grant.name)" }
            if case .success(let request) = connect.machine.request { metadata["vm"] = "\(request.vm)" }
        }
        return metadata.merging(more) { $1 }
    }

    /// 64 alphanumeric signs, each equally likely.
    func makeSlaveKey() -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        var key: [UInt8] = []
        while key.count < 64 {
            // 248 is the largest multiple of 62 in a byte: larger bytes would favour some signs.
            key += ports.random.bytes(80).filter { $0 < 248 }.map { alphabet[Int($0) % alphabet.count] }
        }
        return String(decoding: key.prefix(64), as: UTF8.self)
    }

    /// For a header: errors of other systems can contain anything.
    static func onOneLine(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { $0.value < 0x20 || $0.value > 0x7e ? " " : $0 }
        return String(String(String.UnicodeScalarView(scalars)).prefix(500))
    }
}

extension ConnectMachine.Action {
    /// Whether its answer shows what the store held.
    var looksAtStore: Bool {
        switch self {
        case .readNode, .readDesktop, .claim, .takeOver, .requestStart, .markConnected: true
        default: false
        }
    }
}

extension ConnectMachine.Failure {
    /// In words for the user: what the store says stays in the log, but for a refusal that is meant for them.
    init(for error: PortError, of action: ConnectMachine.Action) {
        let isTransient =
            error.effect != .rejected || [.busy, .timedOut, .unavailable, .limit].contains(error.reason)
        guard action.looksAtStore else {
            self.init(error.description, isTransient: isTransient)
            return
        }
        guard error.effect == .rejected, !isTransient else {
            self.init("the server's database does not answer", isTransient: isTransient)
            return
        }
        // Which nodes there are and what they lack is the operator's: it is in the log.
        let isWithoutNode = action == .requestStart && error.reason == .denied
        self.init(isWithoutNode ? "no server is ready to run it" : error.detail, isTransient: false)
    }
}
