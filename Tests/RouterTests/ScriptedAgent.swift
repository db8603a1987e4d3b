import FarmModel
import FarmPorts
import Synchronization

/// An agent whose answers the test decides; by itself it behaves like one that works.
final class ScriptedAgent: GuestAgent {
    struct Script {
        var state = GuestSessionState.stopped
        /// What `x_start` leads to; nil leaves the state as it is.
        var startLeadsTo: GuestSessionState? = .listening
        /// Errors that `x_start` throws first, one per call.
        var startFailures: [PortError] = []
        var starts: [[String: String]] = []
        var suspends = 0
        var secrets: [AgentSecret?] = []
    }

    private let script = Mutex(Script())

    func change(_ body: (inout Script) -> Void) { script.withLock { body(&$0) } }
    var starts: [[String: String]] { script.withLock(\.starts) }
    var suspends: Int { script.withLock(\.suspends) }
    var secrets: [AgentSecret?] { script.withLock(\.secrets) }

    func ping(_ guest: AgentEndpoint) async throws(PortError) {}

    func startSession(_ guest: AgentEndpoint, parameters: [String: String]) async throws(PortError) {
        let failure = script.withLock { script in
            script.starts.append(parameters)
            script.secrets.append(guest.secret)
            if !script.startFailures.isEmpty { return script.startFailures.removeFirst() as PortError? }
            if let next = script.startLeadsTo { script.state = next }
            return nil
        }
        if let failure { throw failure }
    }

    func sessionState(_ guest: AgentEndpoint) async throws(PortError) -> GuestSessionState {
        script.withLock(\.state)
    }

    func suspendSession(_ guest: AgentEndpoint) async throws(PortError) {
        script.withLock { script in
            script.suspends += 1
            script.state = .suspended
        }
    }

    func stopSession(_ guest: AgentEndpoint) async throws(PortError) {
        script.withLock { $0.state = .stopped }
    }
    func powerOff(_ guest: AgentEndpoint) async throws(PortError) {}
}

/// Hashes in modular form, as the store demands, but without any cost; and counts.
final class PlainHasher: PasswordHasher {
    private let counts = Mutex((hashes: 0, verifications: 0))
    private let exhaustion = Mutex(false)

    /// While it is true there is no memory for a hash.
    var isExhausted: Bool {
        get { exhaustion.withLock(\.self) }
        set { exhaustion.withLock { $0 = newValue } }
    }

    static func stored(_ password: String) -> String { "$plain$" + password }

    var verifications: Int { counts.withLock(\.verifications) }

    func hash(_ password: String) async throws(PortError) -> String {
        counts.withLock { $0.hashes += 1 }
        return Self.stored(password)
    }

    func verify(_ password: String, against hash: String) async throws(PortError) -> Bool {
        counts.withLock { $0.verifications += 1 }
        guard !isExhausted else {
            throw PortError(.rejected, .unavailable, attempt: "verifying a password", detail: "no memory")
        }
        return hash == Self.stored(password)
    }
}

struct CountingRandom: RandomSource {
    private static let last = Mutex(UInt8(0))

    func bytes(_ count: Int) -> [UInt8] {
        let start = Self.last.withLock { last in
            last &+= 1
            return last
        }
        return (0..<count).map { start &+ UInt8(truncatingIfNeeded: $0 &* 7) }
    }
}
