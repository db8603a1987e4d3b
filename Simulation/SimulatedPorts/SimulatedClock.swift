package import FarmModel
package import FarmPorts
package import Simulator

/// A node's clocks: virtual time, unless they run fast or the wall clock was set wrong.
package final class HostClock: Sendable {
    private struct State {
        /// At this moment of virtual time the clock showed `local`.
        var virtual: Int64 = 0
        var local: Int64 = 0
        /// What passes on it while a second of virtual time passes, in thousandths.
        var perMille: Int64 = 1000
        var wallAhead: Int64 = 0
    }

    private let state = Confined(State())

    package init() {}

    func local(at virtual: Int64) -> Int64 {
        let clock = state.value
        return clock.local + (virtual - clock.virtual) * clock.perMille / 1000
    }

    /// When the clock will show that moment, as it runs now; rounded up.
    func virtual(whenLocalIs local: Int64) -> Int64 {
        let clock = state.value
        let ahead = local - clock.local
        guard ahead > 0, ahead < .max / 1000 else { return clock.virtual + ahead }
        return clock.virtual + (ahead * 1000 + clock.perMille - 1) / clock.perMille
    }

    /// Whether a second of virtual time is a second on it.
    var isRight: Bool { state.value.perMille == 1000 }

    /// Seconds that the wall clock is ahead.
    var wallAhead: Int64 { state.value.wallAhead }

    /// - Parameter perMille: how fast it runs from now on, 1,000 for right.
    package func run(_ perMille: Int64, from virtual: Int64) {
        let local = local(at: virtual)
        state.value.virtual = virtual
        state.value.local = local
        state.value.perMille = perMille
    }

    package func setWall(ahead seconds: Int64) { state.value.wallAhead = seconds }
}

/// Time, as one process sees it on its node's clocks: a dead process does not wake.
package struct SimulatedClock: FarmClock {
    let incarnation: Incarnation
    let clock: HostClock
    /// Knows which polls would find nothing; nil makes all of them.
    let polls: SimulatedPolls?

    /// 2026-01-01 00:00:00 UTC, when every simulation begins.
    package static let wallTimeAtStart: Int64 = 1_767_225_600

    package init(incarnation: Incarnation, clock: HostClock = HostClock()) {
        self.init(incarnation: incarnation, clock: clock, polls: nil)
    }

    init(incarnation: Incarnation, clock: HostClock, polls: SimulatedPolls?) {
        self.incarnation = incarnation
        self.clock = clock
        self.polls = polls
    }

    package var now: Instant { Instant(nanoseconds: clock.local(at: incarnation.simulation.now)) }

    package var wallTime: WallTime {
        WallTime(
            seconds: Self.wallTimeAtStart + clock.wallAhead + clock.local(at: incarnation.simulation.now)
                / 1_000_000_000)
    }

    package func sleep(until moment: Instant) async throws {
        guard await incarnation.enter() else { throw CancellationError() }
        repeat {
            // Once, unless the clock has come to run slower meanwhile.
            try await incarnation.simulation.sleep(until: clock.virtual(whenLocalIs: moment.nanoseconds))
            guard incarnation.isAlive else { throw CancellationError() }
        } while now < moment
    }
}

extension SimulatedClock {
    package func sleep(
        until moment: Instant, toPoll subject: PollSubject, every period: Duration
    ) async throws -> Instant {
        guard let polls, clock.isRight, !polls.isHindered(subject) else {
            try await sleep(until: moment)
            return moment
        }
        guard await incarnation.enter() else { throw CancellationError() }
        let before = polls.state(of: subject)
        let first = clock.virtual(whenLocalIs: moment.nanoseconds)
        let every = period.wholeNanoseconds
        let leftOut = Confined(0)
        let isOver = await incarnation.simulation.wait(until: first, every: every) { [clock] in
            guard clock.isRight, polls.isNothingNew(for: subject, since: before) else { return false }
            leftOut.value += 1
            return true
        }
        guard isOver, incarnation.isAlive else { throw CancellationError() }
        let reached = Instant(nanoseconds: moment.nanoseconds + Int64(leftOut.value) * every)
        // Once, unless the clock has come to run slower meanwhile.
        if now < reached { try await sleep(until: reached) }
        return reached
    }
}

/// Which polls of a process would find nothing new: while nothing has changed that they could find, and the process has
/// begun nothing, since a poll that left nothing to be done. So a farm at rest costs next to nothing.
struct SimulatedPolls: Sendable {
    let simulation: Simulation
    let node: NodeID
    let incarnation: Incarnation

    /// What must stay as it is.
    struct State: Equatable {
        fileprivate var news: Int
        fileprivate var activity: Int
    }

    func state(of subject: PollSubject) -> State {
        let activity =
            switch subject {
            case .desktop: 0
            case .node: incarnation.activity - incarnation.reports
            case .assignments, .sessions: incarnation.activity
            }
        return State(news: simulation.newsCount(for: subject), activity: activity)
    }

    /// Whether a fault is on what the poll asks.
    func isHindered(_ subject: PollSubject) -> Bool {
        simulation.withFaults { $0.isOnPolls(of: subject, node: node) }
    }

    func isNothingNew(for subject: PollSubject, since before: State) -> Bool {
        simulation.leavesOutPolls && simulation.mutation == nil && incarnation.isAlive
            && state(of: subject) == before && !incarnation.executor.isFrozen && !isHindered(subject)
            && (incarnation.readingsOut == 0 || subject == .sessions || subject == .desktop)
            && !simulation.hasScheduledKill(incarnation)
    }
}

/// Random bytes that the seed decides, of one process.
package struct SimulatedRandomSource: RandomSource {
    private let generator: Confined<SplitMix64>

    package init(seed: UInt64, incarnation: Incarnation) {
        generator = Confined(SplitMix64(seed: seed, stream: .secrets, number: UInt64(incarnation.source)))
    }

    package func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.value.next() >> 32) }
    }
}

/// A stand-in with the manners of the real hasher (slow, salted) and none of its strength.
package struct SimulatedPasswordHasher: PasswordHasher {
    let gate: PortGate
    let random: SimulatedRandomSource

    /// What the store holds for this password, with a salt of the caller's choice: for farms made ready-made.
    package static func stored(_ password: String, salt: String) -> String {
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in (salt + "$" + password).utf8 { digest = (digest ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return "$sim$\(salt)$\(String(digest, radix: 16))"
    }

    package func hash(_ password: String) async throws(PortError) -> String {
        let salt = random.bytes(4).map { String($0, radix: 16) }.joined()
        return try await gate.call(.hashPassword, attempt: "hashing a password") {
            Self.stored(password, salt: salt)
        }
    }

    package func verify(_ password: String, against hash: String) async throws(PortError) -> Bool {
        let isRefusing = gate.simulation.mutation == .refusesOneUser
        return try await gate.call(.verifyPassword, attempt: "verifying a password") {
            let parts = hash.split(separator: "$", omittingEmptySubsequences: true)
            guard parts.count == 3, parts[0] == "sim" else { return false }
            if isRefusing, parts[1] == "s1" { return false }
            return Self.stored(password, salt: String(parts[1])) == hash
        }
    }
}
