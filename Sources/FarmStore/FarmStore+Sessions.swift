package import FarmModel
package import FarmPorts
import FarmRules

extension FarmStore: SessionClaims {
    package func claim(_ session: Session) async throws(PortError) -> SessionClaim {
        let holder = try await write("beginning a session with VM \(session.vm)") { records throws(LedgerError) in
            try records.claim(session)
        }
        return holder.token == session.token ? .claimed : .held(holder)
    }

    package func takeOver(_ session: Session, from marked: SessionToken) async throws(PortError) -> SessionClaim {
        let holder = try await write("taking VM \(session.vm) over from session \(marked)") {
            records throws(LedgerError) in try records.takeOver(session, from: marked)
        }
        return holder.token == session.token ? .claimed : .held(holder)
    }
}

extension FarmStore: Sessions {
    package func markConnected(
        _ token: SessionToken, vm: VMID, at time: WallTime
    ) async throws(PortError) {
        try await write("marking session \(token) of VM \(vm) as connected") { records throws(LedgerError) in
            try records.markConnected(token, vm: vm, at: time)
        }
    }

    package func end(_ token: SessionToken, vm: VMID) async throws(PortError) {
        try await write("ending session \(token) of VM \(vm)") { records throws(LedgerError) in
            try records.end(token, vm: vm)
        }
    }

    package func wantedOrConnecting(router: String) async throws(PortError) -> [Session] {
        try await read("reading the sessions of router \(router)") { records throws(LedgerError) in
            try records.sessionsWantedOrConnecting(router: router)
        }
    }

    package func all(router: String) async throws(PortError) -> [Session] {
        try await read("reading all sessions of router \(router)") { records throws(LedgerError) in
            try records.sessions(of: router)
        }
    }

    package func endEarlier(at place: RouterPlace, than router: String) async throws(PortError) {
        try await write("ending the sessions of earlier routers than \(router)") { records throws(LedgerError) in
            try records.endEarlierSessions(at: place, than: router)
        }
    }
}
