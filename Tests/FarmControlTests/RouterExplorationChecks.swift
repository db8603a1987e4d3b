import FarmModel

@testable import FarmControl
import FarmRules

// What must hold after every step, and what must come about when nothing disturbs any more.
extension RouterSearchState: SearchedState {
    static let undisturbedMax = 300

    /// The first rule that does not hold.
    var broken: String? {
        if let violation { return violation }
        let row = ledger.session(of: Self.vm)
        var streaming = 0
        for client in clients.indices {
            guard let connect = clients[client], !connect.isBroken else { continue }
            let machine = connect.machine
            let isCarried = machine.phase == .streaming && guest == .connected(connect.token)
            if isCarried { streaming += 1 }
            if isCarried, row?.token != connect.token, !connect.hasLostPlace {
                return "own-session: client \(client) streams, and its session is not in the store"
            }
            if let ending = machine.ending {
                if ending.answer == nil, !machine.hasStreamed, ending.cause != .clientLeft {
                    return "answered: client \(client) ended without an answer: \(ending.cause)"
                }
                if ending.text.contains("made a mistake") { return "legal: client \(client): \(ending.text)" }
            } else if connect.call == nil || machine.deadline == nil && machine.phase != .streaming {
                return "awaits: client \(client) waits for ever in \(machine.phase)"
            }
            if connect.end == .ended, !connect.hasLateClaim, row?.token == connect.token {
                return "leftover: client \(client) is ended, and its session is in the store"
            }
        }
        return streaming > 1 ? "one-stream: \(streaming) clients stream from one VM" : nil
    }

    /// Nil when nothing goes on any more but sessions.
    var unsettled: String? {
        if !late.isEmpty { return "calls are late" }
        if routers.contains(where: { $0.life == .dead }) { return "a router is not back" }
        if mustActFirst { return "something goes on" }
        for client in clients.indices {
            guard let connect = clients[client], !connect.isBroken else { continue }
            if connect.machine.ending == nil, connect.machine.phase != .streaming {
                return "client \(client) has neither session nor answer"
            }
            if connect.end == .owed { return "an end is owed" }
        }
        guard let row = ledger.session(of: Self.vm) else { return nil }
        // What a dead router left stays until somebody wants the VM; the probe sees that it yields.
        guard livingRouter(of: row.token) != nil else { return nil }
        let isCarried = owner(of: row.token).map { clients[$0]?.machine.phase == .streaming } ?? false
        return isCarried ? nil : "leftover: a session without a client is in the store"
    }

    /// The next thing that happens when nothing goes wrong and nobody leaves.
    mutating func proceedUndisturbed() {
        if !late.isEmpty { return carryOutLate(0) }
        if let dead = routers.firstIndex(where: { $0.life == .dead }) { return start(dead) }
        for client in clients.indices {
            guard let connect = clients[client], !connect.isBroken else { continue }
            if connect.end == .asked { return end(connect.token) }
            guard let call = connect.call, connect.machine.ending == nil else { continue }
            if let deadline = connect.machine.deadline, deadline <= now { return tell(client, .deadlinePassed) }
            switch call {
            case .wait(let until, _): if until <= now { return tell(client, .waited) }
            case .relay:
                if guest != .connected(connect.token) { return tell(client, .relayEnded(.guestClosed)) }
            default: return answer(client)
            }
        }
        if guest == .starting { return guest = .listening }
        if nodeHasWork { return nodeActs() }
        if let router = routers.indices.first(where: { hasReasonToLook($0) && !routers[$0].hasFailedToLook }) {
            return lookAfterSessions(router)
        }
        if let next = nextMoment { pass(to: next) }
    }

    var brokenAtRest: String? {
        for router in routers.indices {
            if let words = refusesANewcomer(at: router) { return words }
        }
        return nil
    }

    var met: [String] {
        var things: [String] = []
        for case let connect? in clients {
            things.append("\(connect.machine.phase)")
            if let cause = connect.machine.ending?.cause { things.append("ended: \(cause)") }
            if connect.hasLostPlace { things.append("a place taken by force") }
            if connect.hasLateClaim { things.append("a late claim") }
            if connect.end == .owed { things.append("an owed end") }
        }
        if routers.contains(where: { $0.life == .deadForEver }) { things.append("a router dead for ever") }
        return things
    }

    /// Whether a client that comes now gets the VM, whoever had it; nil when it does.
    func refusesANewcomer(at router: Int) -> String? {
        guard routers[router].life == .alive else { return nil }
        var world = self
        world.connect(Self.probe, at: router)
        for _ in 0..<200 {
            if let words = world.broken { return "\(words) (while another client comes)" }
            if let connect = world.clients[Self.probe], connect.machine.phase == .streaming { return nil }
            if let ending = world.clients[Self.probe]?.machine.ending {
                return "free: a newcomer at router \(router) is refused: \(ending.text)"
            }
            world.proceedUndisturbed()
        }
        return "free: a newcomer at router \(router) does not get the VM"
    }
}
