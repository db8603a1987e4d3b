/// What one hash costs an attacker, and us: N = 2^`logarithm`, block size and parallelism of scrypt (RFC 7914).
package struct ScryptCost: Sendable, Hashable {
    package var logarithm: Int
    package var blockSize: Int
    package var parallelism: Int

    package init(logarithm: Int, blockSize: Int, parallelism: Int) {
        self.logarithm = logarithm
        self.blockSize = blockSize
        self.parallelism = parallelism
    }

    /// 32 MiB and about 0.1 s on one core: the parameters of RFC 7914's interactive use, doubled.
    package static let standard = ScryptCost(logarithm: 15, blockSize: 8, parallelism: 1)

    /// Bytes that scrypt needs: its table, its blocks and some room.
    var memory: UInt64 { 128 * UInt64(blockSize) * (1 << UInt64(logarithm) + UInt64(parallelism) + 2) + 1 << 16 }

    /// A stored hash may not make this process use more than 256 MiB.
    var isAllowed: Bool {
        (1...20).contains(logarithm) && (1...32).contains(blockSize) && (1...16).contains(parallelism)
            && memory <= 256 << 20
    }
}
