import FarmModel

@testable import FarmControl
@testable import FarmRules

// Calls on the store and the guest, carried out. Each is one transaction of the product's rules.
extension RouterSearchState {
    /// The client's call is carried out and answered.
    mutating func answer(_ client: Int) {
        guard let connect = clients[client], let call = connect.call else { return }
        tell(client, perform(call, client, session(of: connect)))
    }

    mutating func perform(
        _ call: ConnectMachine.Action, _ client: Int, _ session: Session
    ) -> ConnectMachine.Event {
        switch call {
        case .readDesktop: return .desktopRead(facts)
        case .claim, .takeOver: return claim(call, client, session)
        case .requestStart:
            transaction("start") { ledger throws(LedgerError) in
                try ledger.requestStart(Self.vm, by: "client")
            }
            return .startRequested
        case .markConnected:
            let before = ledger.session(of: Self.vm)
            let isMarked = transaction("mark") { [mutant] ledger throws(LedgerError) in
                if mutant == .marksWantedSessions, var row = ledger.session(of: Self.vm), row.token == session.token {
                    row.isTakeOverRequested = false
                    ledger.put(row)
                }
                try ledger.markConnected(session.token, vm: Self.vm, at: WallTime(seconds: 2))
            }
            if isMarked, before?.isTakeOverRequested == true {
                breaks("gives-way: a session that another client wants became connected")
            }
            return isMarked ? .marked : .markedStale
        default: return performOnGuest(call, session.token)
        }
    }

    private mutating func performOnGuest(
        _ call: ConnectMachine.Action, _ token: SessionToken
    ) -> ConnectMachine.Event {
        let isAway = ConnectMachine.Event.failed(.init("no answer", isTransient: true))
        switch (call, guest) {
        case (_, .off): return isAway
        case (.startSession, _):
            // What was there is suspended; its line ends.
            guest = .starting
            return .sessionStarted
        case (.readGuestState, .suspended): return .guestState(.suspended)
        case (.readGuestState, .starting): return .guestState(.starting)
        case (.readGuestState, .listening): return .guestState(.listening)
        case (.readGuestState, .connected): return .guestState(.connected)
        case (.openConnection, .listening):
            guest = .connected(token)
            return .connectionOpened
        default: return isAway
        }
    }

    private mutating func claim(
        _ call: ConnectMachine.Action, _ client: Int, _ session: Session
    ) -> ConnectMachine.Event {
        var holder: Session?
        transaction("claim") { [mutant] ledger throws(LedgerError) in
            guard case .takeOver(let marked) = call, mutant != .neverTakesPlaces else {
                holder = try ledger.claim(session)
                return
            }
            if mutant == .takesAnyPlace { ledger.removeSession(of: Self.vm) }
            holder = try ledger.takeOver(session, from: marked)
        }
        guard let holder else { return .failed(.init("no such VM", isTransient: false)) }
        if holder.token == session.token { return .claimed }
        // A router makes its own room at once.
        if clients[client]?.token == session.token, session.token.router == holder.token.router {
            relieve(holder.token)
        }
        return .held(by: holder.peer, token: holder.token)
    }

    /// As `Router.relieve`: cuts the session of a router that lives, or ends what is left of it.
    mutating func relieve(_ token: SessionToken) {
        guard let router = livingRouter(of: token) else { return }
        if let client = owner(of: token), clients[client]?.end != .ended, clients[client]?.end != .owed {
            interrupt(client, .takenOver, callComesLate: false)
        } else {
            end(token)
            routers[router].owedEnds.removeAll { $0 == token }
        }
    }

    /// Once a second, and when the store has news.
    mutating func lookAfterSessions(_ router: Int) {
        let incarnation = routers[router].incarnation
        if !routers[router].hasEndedEarlier {
            let place = routers[router].place
            transaction("end earlier") { [mutant] ledger throws(LedgerError) in
                if mutant == .startEndsAllSessions {
                    for row in ledger.sessions() where row.token.router != incarnation {
                        ledger.removeSession(of: row.vm)
                    }
                }
                try ledger.endEarlierSessions(at: place, than: incarnation)
            }
            routers[router].hasEndedEarlier = true
        }
        let owed = routers[router].owedEnds
        routers[router].owedEnds = []
        if mutant != .forgetsOwedEnds { for token in owed { end(token) } }
        if mutant == .neverGivesWay { return }
        // Once a minute it compares all of them: sooner or later.
        for session in ledger.sessions(of: incarnation)
        where session.isTakeOverRequested || hasNoClient(session.token) {
            relieve(session.token)
        }
    }

    /// Whether the look would change anything.
    func hasReasonToLook(_ router: Int) -> Bool {
        guard routers[router].life == .alive else { return false }
        if !routers[router].hasEndedEarlier || !routers[router].owedEnds.isEmpty { return true }
        guard let session = ledger.session(of: Self.vm), mutant != .neverGivesWay,
            session.token.router == routers[router].incarnation
        else { return false }
        guard session.isTakeOverRequested else { return hasNoClient(session.token) }
        // A session whose client is about to end it needs no reminder.
        guard let client = owner(of: session.token) else { return true }
        return clients[client]?.end != .asked
    }

    /// Its claim came after its end.
    func hasNoClient(_ token: SessionToken) -> Bool { owner(of: token).map { clients[$0]?.end == .ended } ?? true }

    mutating func end(_ token: SessionToken) {
        transaction("end") { ledger throws(LedgerError) in try ledger.end(token, vm: Self.vm) }
        if let client = owner(of: token) { clients[client]?.end = .ended }
    }

    /// A call that nobody awaits any more is carried out.
    mutating func carryOutLate(_ index: Int) {
        switch late.remove(at: index) {
        case .end(let token): transaction("end") { ledger throws(LedgerError) in try ledger.end(token, vm: Self.vm) }
        case .call(let call, let client, let session):
            _ = perform(call, client, session)
            guard let owner = owner(of: session.token) else { return }
            switch call {
            case .claim, .takeOver: clients[owner]?.hasLateClaim = true
            default: break
            }
        }
    }

    func owner(of token: SessionToken) -> Int? { clients.firstIndex { $0?.token == token } }

    func livingRouter(of token: SessionToken) -> Int? {
        routers.indices.first {
            routers[$0].life == .alive && routers[$0].incarnation == token.router
        }
    }

    // MARK: Transactions

    /// False when the rules refused; then nothing is written. Looks at what became of the session in the store.
    @discardableResult
    private mutating func transaction(
        _ name: String, _ body: (inout FarmLedger) throws(LedgerError) -> Void
    ) -> Bool {
        let before = ledger.session(of: Self.vm)
        let revision = ledger.writes
        var after = ledger
        do {
            try body(&after)
        } catch {
            return false
        }
        ledger = after
        if ledger.writes != revision { announce() }
        judge(name, before, ledger.session(of: Self.vm))
        return true
    }

    private mutating func judge(_ name: String, _ before: Session?, _ after: Session?) {
        let wasWantedSince = wantedSince
        if after?.isTakeOverRequested != true {
            wantedSince = nil
        } else if before?.token != after?.token || before?.isTakeOverRequested != true {
            wantedSince = now
        }
        guard let before, before.token != after?.token else { return }
        let client = owner(of: before.token)
        let lives = client.flatMap { clients[$0]?.isBroken } == false && livingRouter(of: before.token) != nil
        if name == "end earlier", lives {
            breaks("others-sessions: a router that starts ended the session of a router that lives")
        }
        // What is left of one that is gone can be taken at any time.
        guard name == "claim", let client, lives, clients[client]?.machine.ending == nil else { return }
        clients[client]?.hasLostPlace = true
        if (wasWantedSince ?? now).duration(to: now) < Self.limits.takeOver {
            breaks("robbed: a session lost its place and had not been asked for it in time")
        } else if !wasHurt {
            breaks("robbed: a session lost its place though its router lives and nothing disturbed it")
        }
    }

    mutating func breaks(_ words: String) { if violation == nil { violation = words } }
}
