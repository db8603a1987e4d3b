import ArgumentParser
import Synchronization

/// What to do with a certificate that is not known, or not the known one.
enum CertificatePolicy: String, CaseIterable, ExpressibleByArgument {
    case ask, `continue`, abort
}

/// Trust on first use: the first certificate of a server is remembered, another one is refused.
struct CertificateTrust: Sendable {
    let server: String
    let policy: CertificatePolicy
    let accepted: Fingerprint?
    let known: KnownServers
    let terminal: Terminal
    /// What was said already: a client makes more than one connection.
    private let said = Said()

    private final class Said: Sendable {
        private let texts = Mutex<Set<String>>([])
        func isNew(_ text: String) -> Bool { texts.withLock { $0.insert(text).inserted } }
    }

    init(
        server: String, policy: CertificatePolicy, accepted: Fingerprint?, known: KnownServers, terminal: Terminal
    ) {
        self.server = server
        self.policy = policy
        self.accepted = accepted
        self.known = known
        self.terminal = terminal
    }

    private func sayOnce(_ text: String) {
        if said.isNew(text) { terminal.say(text) }
    }

    /// Returns when the certificate is trusted, and throws why not. Nothing secret was sent to the server before.
    func check(_ shown: Fingerprint) async throws {
        if let accepted {
            guard accepted == shown else {
                throw refusal("it is not the one given by --accept-fingerprint", shown, expected: accepted)
            }
            return try known.remember(shown, of: server)
        }
        guard let remembered = try known.fingerprint(of: server) else { return try await checkFirst(shown) }
        guard remembered != shown else { return }
        guard policy == .continue else {
            throw refusal("it is not the one that was trusted before", shown, expected: remembered)
        }
        sayOnce("warning: the certificate of \(server) has CHANGED and is used because of --ssl-errors continue")
    }

    private func checkFirst(_ shown: Fingerprint) async throws {
        switch policy {
        case .continue:
            sayOnce("the certificate of \(server) is used unchecked: SHA-256 \(shown)")
        case .ask where terminal.isInteractive:
            terminal.say(
                """
                This is the first connection to \(server). Its certificate has the SHA-256 fingerprint
                    \(shown)
                Compare it with what the administrator of the server says.
                """)
            guard try await terminal.ask("Trust this server from now on? [yes/no] ").lowercased() == "yes" else {
                throw ClientFailure("not connected: the certificate was not trusted", kind: .certificateRefused)
            }
            try known.remember(shown, of: server)
        case .ask, .abort:
            throw refusal("it is not known yet", shown, expected: nil)
        }
    }

    private func refusal(_ reason: String, _ shown: Fingerprint, expected: Fingerprint?) -> ClientFailure {
        var lines = ["the certificate of \(server) is refused: \(reason)."]
        if let expected { lines.append("    expected SHA-256 \(expected)") }
        lines.append("    shown    SHA-256 \(shown)")
        if expected != nil {
            lines.append("Either the server got a new certificate, or somebody stands between you and it.")
        }
        lines.append("Ask the administrator for the right fingerprint. If the one shown is right, connect once with")
        lines.append("    --accept-fingerprint \(shown.text)")
        lines.append("which remembers it in \(known.path).")
        return ClientFailure(lines.joined(separator: "\n"), kind: .certificateRefused)
    }
}
