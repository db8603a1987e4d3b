package import FarmModel

/// Makes two states of a machine that will behave the same equal: an exhaustive search visits each only once. Moments
/// count by their order or by their distance from now, effects by which of them is awaited.
///
/// Each nested value of a machine has its `normalized` in its own file, so that a new field is thought of where it is
/// added.
package struct Normalization {
    package let now: Instant
    /// The place of a moment among all that are compared with each other.
    package let rank: (Instant) -> Instant
    /// The place of an effect among those that are out.
    package let number: (VMEffectID) -> Int64

    package init(
        now: Instant, rank: @escaping (Instant) -> Instant, number: @escaping (VMEffectID) -> Int64
    ) {
        self.now = now
        self.rank = rank
        self.number = number
    }

    /// - Parameter moments: those that are compared with each other.
    init(now: Instant, comparing moments: [Instant], number: @escaping (VMEffectID) -> Int64) {
        let places = Set(moments).sorted()
        self.init(
            now: now,
            rank: { moment in
                let later = places.firstIndex { $0 > moment } ?? places.count
                return Instant(nanoseconds: Int64(later) - 1)
            }, number: number)
    }

    /// How far a moment lies ahead, in steps of 10 ms: finer differences come from the order of calls alone.
    func left(_ moment: Instant) -> Instant {
        Instant(nanoseconds: (now.duration(to: moment) + .milliseconds(5)).wholeNanoseconds / 10_000_000)
    }

    /// Of a moment nothing counts but whether a limit has passed since.
    func flag(_ isPast: Bool) -> Instant { Instant(nanoseconds: isPast ? 1 : 0) }
}
