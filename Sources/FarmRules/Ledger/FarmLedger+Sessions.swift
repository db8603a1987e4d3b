package import FarmModel

extension FarmLedger: SessionRows {
    package func session(of vm: VMID) -> Session? { sessionRows[vm] }
    package func sessions() -> [Session] { sessionRows.all }

    package func sessions(of router: String) -> [Session] { sessionRows.all.filter { $0.token.router == router } }

    package func wantedOrConnectingSessions(of router: String) -> [Session] {
        sessions(of: router).filter { $0.isTakeOverRequested || $0.state == .connecting }
    }

    package mutating func put(_ session: Session) {
        countWrite()
        sessionRows.put(session, at: session.vm)
    }

    package mutating func removeSession(of vm: VMID) {
        if sessionRows.remove(vm) { countWrite() }
    }
}
