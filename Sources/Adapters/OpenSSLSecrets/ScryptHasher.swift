import COpenSSL
import Dispatch
package import FarmPorts
import Synchronization

/// Password hashing with OpenSSL's scrypt, on threads of its own: as many hashes at once as it was told, the rest
/// wait, so that a flood of logins can take neither all cores nor all memory.
package final class ScryptHasher: PasswordHasher {
    /// Hashes that may wait; one more is refused.
    package static let waitingMax = 1024

    private let cost: ScryptCost
    private let queues: [DispatchQueue]
    private let random: any RandomSource
    private let load = Mutex((waiting: 0, next: 0))

    /// - Parameter parallelMax: 2 hashes at once use 64 MiB at the standard cost.
    package init(
        cost: ScryptCost = .standard, parallelMax: Int = 2, random: any RandomSource = SystemRandom()
    ) {
        precondition(cost.isAllowed && parallelMax >= 1)
        self.cost = cost
        self.random = random
        queues = (1...parallelMax).map { DispatchQueue(label: "qvd.scrypt.\($0)") }
    }

    package func hash(_ password: String) async throws(PortError) -> String {
        let salt = random.bytes(16)
        let cost = cost
        let key = await onQueue { derive(password, salt: salt, cost: cost, length: 32) }
        guard let key = key ?? nil else {
            throw PortError(
                .rejected, key == nil ? .limit : .unavailable, attempt: "hashing a password",
                detail: key == nil
                    ? "\(Self.waitingMax) others are waiting already; try again"
                    : "scrypt needs \(cost.memory >> 20) MiB of memory; free some")
        }
        return ScryptHash(cost: cost, salt: salt, key: key).text
    }

    /// False also when too many are waiting.
    package func verify(_ password: String, against hash: String) async -> Bool {
        // A hash that cannot be read costs as much as one that can, so that nobody learns which it was.
        let stored = ScryptHash(hash)
        let known = stored ?? ScryptHash(cost: cost, salt: random.bytes(16), key: random.bytes(32))
        let isEqual = await onQueue {
            guard let key = derive(password, salt: known.salt, cost: known.cost, length: known.key.count) else {
                return false
            }
            return copenssl_is_equal(key, known.key, key.count) == 1
        }
        return stored != nil && isEqual == true
    }

    /// Whether the hash was made with another method or another cost than this hasher's, so that it should be made
    /// anew at the next login.
    package func needsRehash(_ hash: String) -> Bool { ScryptHash(hash)?.cost != cost }

    /// Nil when too many are waiting.
    private func onQueue<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value? {
        let queue: DispatchQueue? = load.withLock { load in
            guard load.waiting < Self.waitingMax else { return nil }
            load.waiting += 1
            load.next = (load.next + 1) % queues.count
            return queues[load.next]
        }
        guard let queue else { return nil }
        defer { load.withLock { $0.waiting -= 1 } }
        return await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: body()) }
        }
    }
}

private func derive(_ password: String, salt: [UInt8], cost: ScryptCost, length: Int) -> [UInt8]? {
    var key = [UInt8](repeating: 0, count: length)
    var password = password
    let isDone = password.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { characters in
            copenssl_scrypt(
                characters.baseAddress, characters.count, salt, salt.count, 1 << UInt64(cost.logarithm),
                UInt64(cost.blockSize), UInt64(cost.parallelism), cost.memory, &key, length)
        }
    }
    return isDone == 1 ? key : nil
}
