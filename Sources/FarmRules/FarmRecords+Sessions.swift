package import FarmModel

// At most one session per VM: a newcomer marks the one there is and waits for it to end. When it does not end in time
// its router is dead or cut off, and the newcomer takes its place.
extension FarmRecords {
    /// The session that holds the VM: the newcomer's own, or another one, now marked as wanted.
    package mutating func claim(_ session: Session) throws(LedgerError) -> Session {
        try begin(session, inPlaceOf: nil)
    }

    /// The same, but a holder of this token that was marked before loses its place, and finds itself stale if it still
    /// lives. One of another token came since: it is asked like any other.
    package mutating func takeOver(_ session: Session, from marked: SessionToken) throws(LedgerError) -> Session {
        try begin(session, inPlaceOf: marked)
    }

    private mutating func begin(
        _ session: Session, inPlaceOf marked: SessionToken?
    ) throws(LedgerError) -> Session {
        guard try vm(session.vm) != nil else {
            throw .notFound(
                attempt: "beginning a session with VM \(session.vm)", detail: "there is no such VM in the farm")
        }
        guard var holder = try self.session(of: session.vm) else {
            try put(session)
            try tellChange(of: session)
            return session
        }
        if holder.token == session.token { return holder }
        if holder.isTakeOverRequested, holder.token == marked {
            try put(session)
            try tellChange(of: holder, session)
            return session
        }
        if !holder.isTakeOverRequested {
            holder.isTakeOverRequested = true
            try put(holder)
            try tellChange(of: holder)
        }
        return holder
    }

    package mutating func markConnected(
        _ token: SessionToken, vm: VMID, at time: WallTime
    ) throws(LedgerError) {
        let attempt = "marking session \(token) of VM \(vm) as connected"
        guard var session = try session(of: vm), session.token == token else {
            throw .stale(attempt: attempt, detail: "the session has ended")
        }
        guard !session.isTakeOverRequested else {
            throw .stale(attempt: attempt, detail: "another client of the user takes the session over")
        }
        guard session.state != .connected else { return }
        session.state = .connected
        session.since = time
        try put(session)
        try tellChange(of: session)
    }

    package mutating func end(_ token: SessionToken, vm: VMID) throws(LedgerError) {
        guard let session = try session(of: vm), session.token == token else { return }
        try removeSession(of: vm)
        try tellChange(of: session)
    }

    package func sessionsWantedOrConnecting(router: String) throws(LedgerError) -> [Session] {
        try wantedOrConnectingSessions(of: router)
    }

    /// Ends what earlier routers of this place left, and what nobody knows the place of; never a session of another
    /// place, whose router may live.
    package mutating func endEarlierSessions(at place: RouterPlace, than router: String) throws(LedgerError) {
        for session in try sessions() where session.token.router != router {
            guard session.place == nil || session.place == place else { continue }
            try removeSession(of: session.vm)
            try tellChange(of: session)
        }
    }
}
