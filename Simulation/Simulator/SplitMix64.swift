/// A seeded generator of 64-bit numbers (Steele, Lea, Flood 2014): one seed, one sequence, on every machine.
package struct SplitMix64: RandomNumberGenerator, Sendable, Hashable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// A sequence of its own for a purpose and a number within it, so that drawing more in one stream moves nothing
    /// in another; without this a shrunk fault schedule would reshuffle the whole run.
    package init(seed: UInt64, stream: RandomStream, number: UInt64 = 0) {
        var mixer = SplitMix64(seed: seed &+ (stream.rawValue &+ 1) &* 0xd6e8_feb8_6659_fd93)
        let first = mixer.next()
        self.init(seed: first ^ (number &* 0x9e37_79b9_7f4a_7c15))
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// 0 to `bound` - 1. `bound` is 1 or more. The bias is below 2^-32 for every bound used here.
    package mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// From the range, both ends included.
    package mutating func within(_ range: ClosedRange<Int64>) -> Int64 {
        let width = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int64(next().multipliedFullWidth(by: width).high)
    }

    /// True in `perMille` of 1,000 draws.
    package mutating func chance(perMille: Int) -> Bool { below(1000) < perMille }

    /// One of the elements; the collection is not empty.
    package mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

/// What a stream of random numbers is for.
package enum RandomStream: UInt64, Sendable, CaseIterable {
    /// Which ready job runs next.
    case schedule
    case faults
    case latency
    case workload
    /// What processes draw themselves: secrets, tokens.
    case secrets
    /// What goes on inside guests.
    case guests
}
