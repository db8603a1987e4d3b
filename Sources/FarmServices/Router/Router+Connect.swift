import FarmControl
import FarmModel
import FarmPorts
import Logging

// Brings a client to its desktop: carries out what its `ConnectMachine` asks for.
extension Router {
    func connect(_ exchange: any ClientExchange) async {
        guard connects.count < configuration.sessionsMax else {
            return await respond(exchange, .notAvailable("the server has no room for another session"))
        }
        lastSession += 1
        let token = SessionToken(router: incarnation, number: lastSession)
        let (interruptions, interrupt) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        connects[token] = Connect(
            machine: ConnectMachine(request: parse(exchange.request), limits: configuration.limits),
            peer: exchange.request.peer, slaveKey: makeSlaveKey(), interrupt: interrupt)

        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.proceed(token, exchange)
                return true
            }
            group.addTask {
                await exchange.clientGone()
                return await self.isOver(token, after: Task.isCancelled ? .routerStops : .clientLeft)
            }
            group.addTask {
                for await _ in interruptions { break }
                return true
            }
            while let isOver = await group.next(), !isOver {}
            group.cancelAll()
        }
        await conclude(token, exchange)
    }

    /// Tells the machine, and ends the procedure when that was its end.
    func interrupt(_ token: SessionToken, _ event: ConnectMachine.Event) {
        if isOver(token, after: event) { connects[token]?.interrupt.yield() }
    }

    private func isOver(_ token: SessionToken, after event: ConnectMachine.Event) -> Bool {
        _ = receive(event, token)
        return connects[token]?.machine.ending != nil
    }

    private func receive(_ event: ConnectMachine.Event, _ token: SessionToken) -> [ConnectMachine.Action] {
        connects[token]?.machine.receive(event, at: ports.clock.now) ?? []
    }

    private func parse(_ request: ClientRequest) -> Result<ConnectRequest, RouterAnswer> {
        do throws(RouterAnswer) {
            return .success(
                try ConnectRequest(
                    upgrade: request.header("Upgrade"), connection: request.header("Connection"),
                    query: request.query.map { ($0.name, $0.value) }))
        } catch {
            return .failure(error)
        }
    }

    // MARK: The procedure

    private func proceed(_ token: SessionToken, _ exchange: any ClientExchange) async {
        var actions = receive(.begin, token)
        while !actions.isEmpty, !Task.isCancelled {
            let deadline = connects[token]?.machine.deadline
            if let deadline {
                actions = await proceedInTime(actions, token, exchange, deadline)
            } else {
                actions = await proceed(actions, token, exchange, until: nil) ?? []
            }
        }
    }

    /// Goes on as long as this is the machine's deadline: one timer for all steps that have the same. A step that lasts
    /// longer is given up.
    ///
    /// - Returns: what is to be done next.
    private func proceedInTime(
        _ actions: [ConnectMachine.Action], _ token: SessionToken, _ exchange: any ClientExchange, _ deadline: Instant
    ) async -> [ConnectMachine.Action] {
        await withTaskGroup(of: [ConnectMachine.Action]?.self) { group in
            group.addTask { await self.proceed(actions, token, exchange, until: deadline) }
            group.addTask {
                await self.sleep(until: deadline)
                return nil
            }
            var next = await group.next() ?? nil
            group.cancelAll()
            // The last step may have ended at the very moment of the deadline.
            if next == nil { next = await group.next() ?? nil }
            return next ?? self.receive(.deadlinePassed, token)
        }
    }

    /// Does one step after the other, as long as this is the machine's deadline.
    ///
    /// - Returns: what is to be done next; nil when the task was cancelled in a step, for what a cancelled effect
    ///   reports says nothing about the world.
    private func proceed(
        _ actions: [ConnectMachine.Action], _ token: SessionToken, _ exchange: any ClientExchange,
        until deadline: Instant?
    ) async -> [ConnectMachine.Action]? {
        var actions = actions
        repeat {
            let event = await perform(actions, token, exchange)
            if Task.isCancelled { return nil }
            actions = receive(event, token)
        } while !actions.isEmpty && connects[token]?.machine.deadline == deadline
        return actions
    }

    private func perform(
        _ actions: [ConnectMachine.Action], _ token: SessionToken, _ exchange: any ClientExchange
    ) async -> ConnectMachine.Event {
        var event = ConnectMachine.Event.waited
        for action in actions {
            if case .progress(let text) = action {
                do throws(PortError) {
                    try await exchange.progress(Self.onOneLine(text))
                } catch {
                    event = .clientLeft
                }
            } else if event != .clientLeft {
                event = await perform(action, token, exchange)
            }
        }
        return event
    }

    private func perform(
        _ action: ConnectMachine.Action, _ token: SessionToken, _ exchange: any ClientExchange
    ) async -> ConnectMachine.Event {
        if action.looksAtStore {
            connects[token]?.seenNews = news.count
            connects[token]?.hasLooked = false
        }
        do throws(PortError) {
            switch action {
            case .progress: return .waited
            case .authenticate:
                switch await logIn(exchange.request) {
                case .success(let grant):
                    // The machine does not hear of it when the connect ended meanwhile; it is given back all the same.
                    connects[token]?.grant = grant
                    return .authenticated(grant)
                case .failure(let answer): return .loginRefused(answer)
                }
            case .wait(let until, forStore: true):
                guard case .success(let request)? = connects[token]?.machine.request else { return .routerStops }
                let connect = connects[token]
                await pause(
                    until: until, for: .vm(request.vm), seen: connect?.seenNews ?? news.count,
                    hasLooked: connect?.hasLooked == true)
                return .waited
            case .wait(let until, forStore: false):
                await sleep(until: until)
                return .waited
            case .readNode, .readDesktop, .claim, .takeOver, .requestStart, .markConnected:
                return try await performOnStore(action, token)
            case .startSession, .readGuestState:
                return try await performOnGuest(action, token)
            case .openConnection: return try await openConnection(token, exchange)
            case .relay: return try await relay(token)
            }
        } catch {
            // That no node can take a VM is for an operator to know.
            let level: Logger.Level = action == .requestStart && error.reason == .denied ? .warning : .debug
            ports.log.log(level: level, "connect step failed", metadata: metadata(token, ["error": "\(error)"]))
            return .failed(ConnectMachine.Failure(for: error, of: action))
        }
    }

    private func performOnStore(
        _ action: ConnectMachine.Action, _ token: SessionToken
    ) async throws(PortError) -> ConnectMachine.Event {
        guard let connect = connects[token] else { return .routerStops }
        switch action {
        case .readNode:
            return .nodeRead(
                isBlocked: try await ports.nodes.standing(ofNode: configuration.nodeName).isBlocked)
        default: break
        }
        guard case .success(let request) = connect.machine.request, let grant = connect.machine.grant else {
            return .routerStops
        }
        switch action {
        case .readDesktop:
            let desktop = try await ports.desktops.desktop(request.vm, grant)
            connects[token]?.desktop = desktop
            connects[token]?.hasLooked = true
            return .desktopRead(desktop.map { DesktopFacts($0.vm) })
        case .claim, .takeOver:
            return try await claim(request.vm, token, connect, grant, action)
        case .requestStart:
            let node = try await ports.desktops.requestStart(request.vm, grant)
            ports.log.info("VM start requested", metadata: metadata(token, ["node": "\(node)"]))
            return .startRequested
        default:
            do throws(PortError) {
                try await ports.sessions.markConnected(token, vm: request.vm, at: ports.clock.wallTime)
                return .marked
            } catch  where error.reason == .stale {
                return .markedStale
            }
        }
    }

    private func claim(
        _ vm: VMID, _ token: SessionToken, _ connect: Connect, _ grant: Grant, _ action: ConnectMachine.Action
    ) async throws(PortError) -> ConnectMachine.Event {
        let session = Session(
            vm: vm, token: token, place: configuration.place, state: .connecting, peer: connect.peer,
            since: ports.clock.wallTime)
        let claim: SessionClaim
        if case .takeOver(let marked) = action {
            claim = try await ports.desktops.takeOver(session, from: marked, grant)
            if claim == .claimed {
                ports.log.warning(
                    "took the VM from a session that was not given up", metadata: metadata(token, ["old": "\(marked)"]))
            }
        } else {
            claim = try await ports.desktops.claim(session, grant)
        }
        switch claim {
        case .claimed: return .claimed
        case .held(let other):
            await relieve(other)
            return .held(by: other.peer, token: other.token)
        }
    }

    private func performOnGuest(
        _ action: ConnectMachine.Action, _ token: SessionToken
    ) async throws(PortError) -> ConnectMachine.Event {
        guard let connect = connects[token], let desktop = connect.desktop,
            let grant = connect.machine.grant,
            case .success(let request) = connect.machine.request
        else { return .routerStops }
        switch action {
        case .startSession:
            let parameters = request.agentParameters(
                properties: desktop.properties,
                router: [
                    SessionParameter.userName: grant.name.login,
                    SessionParameter.routerAddress: configuration.address.description,
                    SessionParameter.slaveKey: connect.slaveKey,
                ])
            try await ports.agent.startSession(endpoint(of: desktop), parameters: parameters)
            return .sessionStarted
        default:
            return .guestState(try await ports.agent.sessionState(endpoint(of: desktop)))
        }
    }

    private func openConnection(
        _ token: SessionToken, _ exchange: any ClientExchange
    ) async throws(PortError) -> ConnectMachine.Event {
        guard let desktop = connects[token]?.desktop else { return .routerStops }
        let connection = try await exchange.openConnection(
            to: desktop.vm.address, port: configuration.displayPort)
        connects[token]?.connection = connection
        return .connectionOpened
    }

    private func relay(_ token: SessionToken) async throws(PortError) -> ConnectMachine.Event {
        guard let connect = connects[token], let connection = connect.connection else { return .routerStops }
        ports.log.info("session connected", metadata: metadata(token))
        let end = try await connection.relay(headers: [
            HTTPField("X-QVD-Slave-Key", connect.slaveKey), HTTPField("X-QVD-Session", "\(token)"),
        ])
        connects[token]?.connection = nil
        switch end {
        case .clientClosed: return .relayEnded(.clientClosed)
        case .clientVanished: return .relayEnded(.clientVanished)
        case .guestClosed: return .relayEnded(.guestClosed)
        case .cut: return .relayEnded(.routerStopped)
        }
    }
}
