import FarmModel

/// How far the store knows that the node serves, and whether people were told.
struct Serving: Sendable, Hashable {
    private var isOut = false
    /// When the store is told again.
    private(set) var retryAt: Instant?
    private var isAnnounced = false

    /// - Returns: true when the store is to be told now.
    mutating func begin() -> Bool {
        guard !isOut else { return false }
        isOut = true
        retryAt = nil
        return true
    }

    /// The store knows it.
    ///
    /// - Returns: true when people are to be told: the first time.
    mutating func told() -> Bool {
        isOut = false
        defer { isAnnounced = true }
        return !isAnnounced
    }

    mutating func failed(retryAt moment: Instant) {
        isOut = false
        retryAt = moment
    }

    func isDue(at now: Instant) -> Bool { retryAt.map { $0 <= now } ?? false }

    func normalized(_ moments: Normalization) -> Serving {
        var copy = self
        copy.retryAt = retryAt.map(moments.left)
        return copy
    }
}
