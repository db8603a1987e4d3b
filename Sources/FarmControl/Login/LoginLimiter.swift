package import FarmModel

/// Bounds how often passwords can be guessed, per user and per address of the client.
///
/// A user's attempts count when they begin (so that guesses side by side count too) and are forgotten by a
/// success; an address counts failures only, so that many people behind one address can log in at once. Each
/// count leaks by one per interval. Memory is bounded: when a table is full, the count nearest to zero is
/// forgotten.
package struct LoginLimiter: Sendable {
    package struct Limits: Sendable, Hashable {
        /// So many at once...
        package var burst: Int
        /// ...and then one per interval.
        package var interval: Duration

        package init(burst: Int, interval: Duration) {
            self.burst = burst
            self.interval = interval
        }
    }

    package let perUser: Limits
    package let perAddress: Limits
    package let keysMax: Int

    /// When each count will have leaked away.
    private var users: [LoginName.Key: Instant] = [:]
    private var addresses: [String: Instant] = [:]

    package init(
        perUser: Limits = Limits(burst: 10, interval: .seconds(15)),
        perAddress: Limits = Limits(burst: 50, interval: .seconds(5)),
        keysMax: Int = 10_000
    ) {
        self.perUser = perUser
        self.perAddress = perAddress
        self.keysMax = keysMax
    }

    /// Counts an attempt of the user. Returns how long to wait when there were too many; then nothing is
    /// counted.
    package mutating func begin(_ name: LoginName, from address: String, at now: Instant) -> Duration? {
        let waits = [
            Self.wait(users[name.key], perUser, now), Self.wait(addresses[address], perAddress, now),
        ]
        if let wait = waits.compactMap({ $0 }).max() { return wait }
        Self.count(name.key, in: &users, perUser, keysMax, now)
        return nil
    }

    package mutating func failed(from address: String, at now: Instant) {
        Self.count(address, in: &addresses, perAddress, keysMax, now)
    }

    package mutating func succeeded(_ name: LoginName) { users[name.key] = nil }

    /// Takes an attempt back that was neither right nor wrong, because it could not be checked.
    package mutating func abandoned(_ name: LoginName) {
        guard let empty = users[name.key] else { return }
        users[name.key] = Instant(nanoseconds: empty.nanoseconds - perUser.interval.wholeNanoseconds)
    }

    /// How many counts are kept.
    package var count: Int { users.count + addresses.count }

    private static func wait(_ empty: Instant?, _ limits: Limits, _ now: Instant) -> Duration? {
        guard let empty else { return nil }
        let admitted = now.advanced(by: limits.interval * (limits.burst - 1))
        return empty > admitted ? admitted.duration(to: empty) : nil
    }

    private static func count<Key: Hashable & Comparable>(
        _ key: Key, in table: inout [Key: Instant], _ limits: Limits, _ keysMax: Int, _ now: Instant
    ) {
        if table[key] == nil, table.count >= keysMax {
            table = table.filter { $0.value > now }
            while table.count >= keysMax,
                let least = table.min(by: { ($0.value, $0.key) < ($1.value, $1.key) })
            {
                table[least.key] = nil
            }
        }
        table[key] = max(table[key] ?? now, now).advanced(by: limits.interval)
    }
}

extension LoginName {
    /// The name as text that is the same for the same user.
    package typealias Key = String
    package var key: Key { description }
}
