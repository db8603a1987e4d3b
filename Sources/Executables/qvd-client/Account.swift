import TextEncodings

/// What a user can ask of the server, each on a connection of its own.
struct Account: Sendable {
    let address: ServerAddress
    let login: Login
    let trust: CertificateTrust
    let terminal: Terminal

    func open<Value>(_ body: (ServerConnection) async throws -> Value) async throws -> Value {
        try await ServerConnection.open(
            address, authorization: login.authorization, trust: { try await trust.check($0) }, body)
    }

    /// Pauses between the tries while the server is not ready, in seconds: half a minute altogether, in which a node
    /// that restarts is there again.
    private static let pauses = [1, 2, 4, 8, 15]

    func desktops() async throws -> [Desktop] {
        var pauses = Self.pauses[...]
        while true {
            let reply = try await open { try await $0.get("/qvd/list_of_vm") }
            if reply.status == 200 { return try Desktop.list(reply.body) }
            let failure = refusal(reply, "list the desktops")
            guard reply.status == 503, let pause = pauses.popFirst() else { throw failure }
            try await terminal.pause(pause, after: failure, then: "trying again")
        }
    }

    /// The desktop of that name or number; without one the only one there is, or the one that the user picks.
    func choose(_ wanted: String?) async throws -> Desktop {
        let desktops = try await desktops()
        if let wanted { return try Desktop.find(wanted, in: desktops) }
        guard let first = desktops.first else {
            throw ClientFailure("\(login) has no desktop on \(address.name); ask the administrator for one")
        }
        guard desktops.count > 1 else { return first }
        guard terminal.isInteractive else {
            throw ClientFailure("which desktop? give --desktop; yours are \(Desktop.names(desktops))")
        }
        for desktop in desktops { terminal.say(desktop.asLine) }
        return try Desktop.find(try await terminal.ask("Which desktop? "), in: desktops)
    }

    /// Returns when it is stopped.
    func stop(_ desktop: Desktop) async throws {
        try await open { connection in
            let query = [(name: "id", value: String(desktop.id))]
            let reply = try await connection.get("/qvd/stop_vm", query: query) { terminal.say($0) }
            guard reply.status == 200 else { throw refusal(reply, "stop the desktop \(desktop.title)") }
            terminal.say("\(desktop.title) is stopped")
        }
    }

    /// Why a session ended, as the server tells it; nil when it does not know.
    func ending(of session: String) async throws -> SessionEnd? {
        try await open { connection in
            let reply = try await connection.get("/qvd/session_end", query: [(name: "session", value: session)])
            guard reply.status == 200, let document = try? JSONValue(decoding: Array(reply.body.utf8)),
                case .string(let cause)? = document["cause"], case .string(let text)? = document["text"]
            else { return nil }
            return SessionEnd(cause: cause, text: ForeignText.shown(text, upTo: 500))
        }
    }

    func refusal(_ reply: ServerReply, _ what: String) -> ClientFailure {
        let words = ForeignText.shown(reply.body.split(whereSeparator: \.isNewline).joined(separator: " "), upTo: 500)
        if reply.status == 401 {
            return ClientFailure(
                "\(address.name) refuses the login of \(login): \(words) Check the user name and the password.",
                kind: .loginRefused)
        }
        return ClientFailure(
            "cannot \(what): \(words.isEmpty ? "\(address.name) answers \(reply.status)" : words)",
            isPassing: reply.status == 503 || reply.status == 408)
    }
}
