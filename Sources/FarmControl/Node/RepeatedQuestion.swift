import FarmModel

/// A question that is asked for ever, one at a time: what the store wants, what a source of the node holds.
///
/// One that is not answered within its limit is given up, and the next may be asked; a late answer is known by its
/// number and dropped. Whoever is asked bounds how many questions may hang at once.
struct RepeatedQuestion: Sendable, Hashable {
    private(set) var isOut = false
    /// Something changed after the question that is out was asked.
    private var isWantedAgain = false
    /// Of the question that is out, or else of the last one.
    private(set) var number: Int64 = 0
    /// When it was asked.
    private(set) var began = Instant.start
    /// When to ask again after a failure; while a question is out, when to give it up.
    private(set) var wakeAt: Instant?

    /// - Returns: the number of the question to ask now; nil when one is out: then it is asked again once that is
    ///   answered.
    mutating func ask(at now: Instant, limit: Duration) -> Int64? {
        guard !isOut else {
            isWantedAgain = true
            return nil
        }
        isOut = true
        number += 1
        began = now
        wakeAt = now.advanced(by: limit)
        return number
    }

    /// The question has failed, or is given up: it is asked again soon, whatever changed meanwhile.
    ///
    /// - Returns: false when that is told late: the question was given up before.
    mutating func fail(_ number: Int64, retryAt moment: Instant) -> Bool {
        guard end(number) else { return false }
        wakeAt = moment
        isWantedAgain = false
        return true
    }

    /// The question is answered.
    ///
    /// - Returns: false when the answer is late: the question was given up.
    mutating func end(_ number: Int64) -> Bool {
        guard isOut, number == self.number else { return false }
        isOut = false
        wakeAt = nil
        return true
    }

    /// Whether something changed meanwhile, so that it must be asked again at once.
    mutating func takeWantedAgain() -> Bool {
        defer { isWantedAgain = false }
        return isWantedAgain
    }

    /// Whether the time has come to ask.
    func isDue(at now: Instant) -> Bool { !isOut && hasCome(now) }

    /// Whether the question that is out was not answered within its limit.
    func isUnanswered(at now: Instant) -> Bool { isOut && hasCome(now) }

    private func hasCome(_ now: Instant) -> Bool { wakeAt.map { $0 <= now } ?? false }

    /// - Parameter countsOrder: it matters what happened before it was asked and what after.
    func normalized(_ moments: Normalization, countsOrder: Bool) -> RepeatedQuestion {
        var copy = self
        copy.number = 0
        copy.began = countsOrder ? moments.rank(began) : .start
        copy.wakeAt = wakeAt.map(moments.left)
        return copy
    }
}
