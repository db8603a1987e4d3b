/// Stands for a world in the sets of a search: 128 bits of hash.
///
/// Of n worlds two share a key with a probability below n² / 2¹²⁹: of 100 million with less than 2⁻⁷⁵.
struct SearchKey: Hashable, Sendable {
    var first: UInt64
    var second: UInt64

    /// The two halves are two results of one state of the hasher, which has 256 bits.
    init(_ hasher: Hasher) {
        var further = hasher
        further.combine(0x5ea7_c4ed as UInt64)
        first = UInt64(bitPattern: Int64(hasher.finalize()))
        second = UInt64(bitPattern: Int64(further.finalize()))
    }

    init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }
}
