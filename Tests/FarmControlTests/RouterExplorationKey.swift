import FarmModel

@testable import FarmControl
import FarmRules

/// Two worlds with the same key behave the same: moments count by their distance, sessions by the order in which they
/// are met, and by whether their router's run lives. Revision, audit, counters and epochs are left out.
extension RouterSearchState {
    func key(withBudget: Bool) -> SearchKey {
        var names = SessionNames(self)
        var hasher = Hasher()
        for router in routers {
            hasher.combine(router.life)
            hasher.combine(router.hasEndedEarlier)
            hasher.combine(router.hasFailedToLook)
            for token in router.owedEnds { hasher.combine(names.name(token)) }
        }
        for connect in clients {
            guard let connect else {
                hasher.combine(0)
                continue
            }
            hasher.combine(connect.router)
            hasher.combine(names.name(connect.token))
            hasher.combine(connect.isBroken)
            hasher.combine(connect.end)
            // Of one that is gone nothing else matters.
            guard !connect.isBroken else { continue }
            hasher.combine(connect.hasLateClaim)
            hasher.combine(connect.hasLostPlace && connect.machine.ending == nil)
            guard connect.machine.ending == nil else { continue }
            connect.machine.hashSituation(into: &hasher, at: now) { names.name($0) }
            if let call = connect.call { hash(call, into: &hasher, &names) }
            if case .wait(_, forStore: true)? = connect.call { hasher.combine(connect.hasNews) }
        }
        if case .connected(let token) = guest { hasher.combine(names.name(token)) } else { hasher.combine(guest) }
        for one in late {
            switch one {
            case .end(let token): hasher.combine(names.name(token))
            case .call(let call, _, let session):
                hash(call, into: &hasher, &names)
                hasher.combine(names.name(session.token))
            }
        }
        if let row = ledger.session(of: Self.vm) {
            hasher.combine(names.name(row.token))
            hasher.combine(row.state)
            hasher.combine(row.isTakeOverRequested)
            hasher.combine(row.place)
        }
        if let since = wantedSince { hasher.combine(min(since.duration(to: now), Self.limits.takeOver)) }
        if let vm = ledger.vm(Self.vm) {
            hasher.combine(vm.intent.wanted)
            hasher.combine(vm.intent.node)
            hasher.combine(vm.observation.state)
        }
        hasher.combine(wasHurt)
        if withBudget { hasher.combine(budget) }
        return SearchKey(hasher)
    }

    private func hash(_ call: ConnectMachine.Action, into hasher: inout Hasher, _ names: inout SessionNames) {
        switch call {
        case .wait(let until, let forStore):
            hasher.combine(now.duration(to: until))
            hasher.combine(forStore)
        case .takeOver(let token): hasher.combine(names.name(token))
        default: hasher.combine(call)
        }
    }
}

/// Numbers sessions in the order in which they are met, and by whether their router lives.
struct SessionNames {
    private var known: [SessionToken] = []
    private let living: [String]

    init(_ world: RouterSearchState) {
        living = world.routers.map { $0.life == .alive ? $0.incarnation : "" }
    }

    mutating func name(_ token: SessionToken) -> Int {
        var number = known.firstIndex(of: token)
        if number == nil {
            number = known.count
            known.append(token)
        }
        return (number ?? 0) * 3 + (living.firstIndex(of: token.router) ?? 2)
    }
}
