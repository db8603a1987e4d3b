import FarmModel

@testable import FarmControl
import FarmRules

/// What may happen next. What goes as it should costs nothing; what departs from that costs one disturbance of the
/// budget.
extension RouterSearchState {
    func nextSteps(tellsWords: Bool) -> [SearchStep<RouterSearchState>] {
        var steps: [SearchStep<RouterSearchState>] = []
        func step(
            _ words: @autoclosure () -> String, cost: Int = 0, _ change: (inout RouterSearchState) -> Void
        ) {
            guard budget >= cost else { return }
            var world = self
            world.budget -= cost
            if cost > 0 { world.wasHurt = true }
            change(&world)
            steps.append(SearchStep(words: tellsWords ? words() : "", world: world))
        }
        for client in 0..<Self.probe { addClientSteps(client, step) }
        for router in routers.indices { addRouterSteps(router, step) }
        for index in late.indices { step("late: \(late[index])") { $0.carryOutLate(index) } }
        if guest == .starting { step("guest listens") { $0.guest = .listening } }
        if nodeHasWork { step("node acts") { $0.nodeActs() } }
        if ledger.vm(Self.vm)?.intent.wanted == .run {
            step("the user stops the VM", cost: 1) { world in
                try! world.ledger.requestStop(Self.vm, by: "user")
                world.announce()
            }
        }
        if let next = nextMoment { step("time passes", cost: mustActFirst ? 1 : 0) { $0.pass(to: next) } }
        return steps
    }

    typealias AddStep = (
        _ words: @autoclosure () -> String, _ cost: Int, _ change: (inout RouterSearchState) -> Void
    ) -> Void

    private func addClientSteps(_ client: Int, _ step: AddStep) {
        guard let connect = clients[client] else {
            // The first client comes to the first router: the two differ in nothing that matters to it.
            for router in routers.indices where routers[router].life == .alive && client >= router {
                step("client \(client) comes to router \(router)", 0) { $0.connect(client, at: router) }
            }
            return
        }
        if connect.isBroken || connect.end == .ended {
            for router in routers.indices where routers[router].life == .alive {
                step("client \(client) comes again, to router \(router)", 1) { $0.connect(client, at: router) }
            }
        }
        guard !connect.isBroken else { return }
        if connect.end == .asked { return addEndSteps(client, connect, step) }
        guard connect.machine.ending == nil, let call = connect.call else { return }
        addCallSteps(client, connect, call, step)
        let isStreaming = connect.machine.phase == .streaming
        for comesLate in canComeLate(client) ? [false, true] : [false] {
            step("client \(client) leaves" + (comesLate ? ", \(call) comes late" : ""), comesLate ? 2 : 1) {
                $0.interrupt(
                    client, isStreaming ? .relayEnded(.clientClosed) : .clientLeft, callComesLate: comesLate)
            }
        }
    }

    private func addCallSteps(
        _ client: Int, _ connect: Connect, _ call: ConnectMachine.Action, _ step: AddStep
    ) {
        if let deadline = connect.machine.deadline, deadline <= now {
            step("the deadline of client \(client) passes", 0) { $0.tell(client, .deadlinePassed) }
            if canComeLate(client) {
                step("the deadline of client \(client) passes, \(call) comes late", 1) {
                    $0.interrupt(client, .deadlinePassed, callComesLate: true)
                }
            }
        }
        switch call {
        case .wait(let until, let forStore):
            if until <= now || forStore && connect.hasNews {
                step("client \(client) has waited", 0) { $0.tell(client, .waited) }
            }
        case .relay:
            if guest != .connected(connect.token) {
                step("the line of client \(client) ends", 0) { $0.tell(client, .relayEnded(.guestClosed)) }
            }
        default:
            step("\(call) of client \(client)", 0) { $0.answer(client) }
            let failure = ConnectMachine.Event.failed(.init("no answer", isTransient: true))
            step("\(call) of client \(client) fails", 1) { $0.tell(client, failure) }
            guard canComeLate(client) else { return }
            step("\(call) of client \(client): the answer is lost", 1) { world in
                _ = world.perform(call, client, world.session(of: connect))
                world.tell(client, failure)
            }
            step("\(call) of client \(client) comes late", 1) { $0.interrupt(client, failure, callComesLate: true) }
        }
    }

    /// A client that is gone ends its session in the store, or its router owes the end.
    private func addEndSteps(_ client: Int, _ connect: Connect, _ step: AddStep) {
        func owe(_ world: inout RouterSearchState) {
            world.clients[client]?.end = .owed
            world.routers[connect.router].owedEnds.append(connect.token)
        }
        step("client \(client) is ended", 0) { $0.end(connect.token) }
        step("the end of client \(client) fails", 1) { owe(&$0) }
        step("the end of client \(client): the answer is lost", 1) { world in
            world.end(connect.token)
            owe(&world)
        }
        step("the end of client \(client) comes late", 1) { world in
            world.late.append(.end(connect.token))
            owe(&world)
        }
    }

    private func addRouterSteps(_ router: Int, _ step: AddStep) {
        switch routers[router].life {
        case .deadForEver: return
        case .dead: step("router \(router) starts", 0) { $0.start(router) }
        case .alive:
            if hasReasonToLook(router) {
                step("router \(router) looks", 0) { $0.lookAfterSessions(router) }
                if !routers[router].hasFailedToLook {
                    step("router \(router) looks in vain", 1) { $0.routers[router].hasFailedToLook = true }
                }
            }
            let stays = routers.indices.contains { $0 != router && routers[$0].life != .deadForEver }
            let callsLate = clients.indices.filter { clients[$0]?.router == router && canComeLate($0) }
            for comesLate in callsLate.isEmpty ? [false] : [false, true] {
                let more = comesLate ? ", calls come late" : ""
                step("router \(router) dies" + more, 1) { $0.kill(router, .dead, callsComeLate: comesLate) }
                if stays {
                    step("router \(router) dies for ever" + more, 1) {
                        $0.kill(router, .deadForEver, callsComeLate: comesLate)
                    }
                }
            }
            step("router \(router) is stopped", 1) { $0.stop(router) }
        }
    }

    // MARK: Routers and time

    mutating func kill(_ router: Int, _ life: RouterState.Life, callsComeLate: Bool) {
        for client in clients.indices where clients[client]?.router == router {
            guard let connect = clients[client] else { continue }
            if callsComeLate, connect.end == .notYet { putOff(client) }
            if callsComeLate, connect.end == .asked { late.append(.end(connect.token)) }
            if guest == .connected(connect.token) { guest = .suspended }
            clients[client]?.isBroken = true
            clients[client]?.call = nil
        }
        routers[router].life = life
        routers[router].owedEnds = []
        routers[router].hasFailedToLook = false
    }

    /// In good order: every session is cut and ended first.
    mutating func stop(_ router: Int) {
        for client in clients.indices where clients[client]?.router == router && clients[client]?.isBroken == false {
            tell(client, .routerStops)
            if let connect = clients[client], connect.end == .asked { end(connect.token) }
        }
        kill(router, .dead, callsComeLate: false)
    }

    mutating func start(_ router: Int) {
        routers[router].life = .alive
        routers[router].run += 1
        routers[router].incarnation = "r\(router).\(routers[router].run)"
        routers[router].lastSession = 0
        routers[router].hasEndedEarlier = false
    }

    mutating func pass(to moment: Instant) {
        now = moment
        for router in routers.indices { routers[router].hasFailedToLook = false }
    }

    /// Something is on its way that, undisturbed, comes before the next second.
    var mustActFirst: Bool {
        if guest == .starting || nodeHasWork { return true }
        if routers.indices.contains(where: { hasReasonToLook($0) && !routers[$0].hasFailedToLook }) { return true }
        return clients.contains { connect in
            guard let connect, !connect.isBroken else { return false }
            if connect.end == .asked { return true }
            switch connect.call {
            case nil: return false
            case .wait(let until, _)?: return until <= now
            case .relay?: return guest != .connected(connect.token)
            default: return true
            }
        }
    }

    /// The next moment for which somebody waits.
    var nextMoment: Instant? {
        var moments: [Instant] = []
        for case let connect? in clients where !connect.isBroken && connect.machine.ending == nil {
            if let deadline = connect.machine.deadline { moments.append(deadline) }
            if case .wait(let until, _)? = connect.call { moments.append(until) }
        }
        if routers.contains(where: \.hasFailedToLook) { moments.append(now.advanced(by: .seconds(1))) }
        return moments.filter { $0 > now }.min()
    }
}
