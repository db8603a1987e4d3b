import COpenSSL
import Dispatch
package import FarmPorts
import Synchronization

/// Password hashing with OpenSSL's scrypt, on threads of its own: as many hashes at once as it was told, the rest
/// wait, so that a flood of logins can take neither all cores nor all memory.
package final class ScryptHasher: PasswordHasher {
    /// Hashes that may wait; one more is refused.
    private let waitingMax: Int
    /// Bytes that one hash may take; one that needs more fails.
    private let memoryMax: UInt64
    private let cost: ScryptCost
    private let queues: [DispatchQueue]
    private let random: any RandomSource
    private let load = Mutex((waiting: 0, next: 0))

    /// - Parameter parallelMax: 2 hashes at once use 64 MiB at the standard cost.
    package init(
        cost: ScryptCost = .standard, parallelMax: Int = 2, waitingMax: Int = 1024, memoryMax: UInt64 = .max,
        random: any RandomSource = SystemRandom()
    ) {
        precondition(cost.isAllowed && parallelMax >= 1)
        self.waitingMax = waitingMax
        self.memoryMax = memoryMax
        self.cost = cost
        self.random = random
        queues = (1...parallelMax).map { DispatchQueue(label: "qvd.scrypt.\($0)") }
    }

    package func hash(_ password: String) async throws(PortError) -> String {
        let salt = random.bytes(16)
        let key = try await key(password, salt: salt, cost: cost, length: 32, attempt: "hashing a password")
        return ScryptHash(cost: cost, salt: salt, key: key).text
    }

    package func verify(_ password: String, against hash: String) async throws(PortError) -> Bool {
        // A hash that cannot be read costs as much as one that can, so that nobody learns which it was.
        let stored = ScryptHash(hash)
        let known = stored ?? ScryptHash(cost: cost, salt: random.bytes(16), key: random.bytes(32))
        let key = try await key(
            password, salt: known.salt, cost: known.cost, length: known.key.count, attempt: "verifying a password")
        return stored != nil && copenssl_is_equal(key, known.key, key.count) == 1
    }

    private func key(
        _ password: String, salt: [UInt8], cost: ScryptCost, length: Int, attempt: String
    ) async throws(PortError) -> [UInt8] {
        let memory = min(cost.memory, memoryMax)
        let answer = await onQueue { derive(password, salt: salt, cost: cost, memory: memory, length: length) }
        guard let answer else {
            throw PortError(
                .rejected, .limit, attempt: attempt, detail: "\(waitingMax) others are waiting already; try again")
        }
        guard let key = answer else {
            throw PortError(
                .rejected, .unavailable, attempt: attempt,
                detail: "scrypt needs \(cost.memory >> 20) MiB of memory and did not get it; free some")
        }
        return key
    }

    /// Whether the hash was made with another method or another cost than this hasher's, so that it should be made
    /// anew at the next login.
    package func needsRehash(_ hash: String) -> Bool { ScryptHash(hash)?.cost != cost }

    /// Nil when too many are waiting.
    private func onQueue<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value? {
        let queue: DispatchQueue? = load.withLock { load in
            guard load.waiting < waitingMax else { return nil }
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

/// Nil when there is not so much memory.
private func derive(
    _ password: String, salt: [UInt8], cost: ScryptCost, memory: UInt64, length: Int
) -> [UInt8]? {
    var key = [UInt8](repeating: 0, count: length)
    var password = password
    let isDone = password.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) { characters in
            copenssl_scrypt(
                characters.baseAddress, characters.count, salt, salt.count, 1 << UInt64(cost.logarithm),
                UInt64(cost.blockSize), UInt64(cost.parallelism), memory, &key, length)
        }
    }
    return isDone == 1 ? key : nil
}
