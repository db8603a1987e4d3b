/// A world small enough that everything that can happen in it is looked at.
protocol SearchedState {
    /// So many undisturbed events bring every world to rest.
    static var undisturbedMax: Int { get }

    /// Two worlds with the same key behave the same.
    ///
    /// - Parameter withBudget: false leaves out how much harm may still be done, which does not matter when nothing
    ///   disturbs any more.
    func key(withBudget: Bool) -> SearchKey
    /// The first rule that does not hold, in words; nil when all hold.
    var broken: String? { get }
    /// Everything that can happen next, in the same order each time it is asked.
    ///
    /// - Parameter tellsWords: without, the words are empty: making them takes longer than the step.
    func nextSteps(tellsWords: Bool) -> [SearchStep<Self>]

    /// What goes on or is not as it is wanted; nil at rest.
    var unsettled: String? { get }
    /// The next event when nothing goes wrong any more.
    mutating func proceedUndisturbed()
    /// What does not hold of a world at rest.
    var brokenAtRest: String? { get }
    /// What of the search's subject is met here: a search that never meets it proves nothing.
    var met: [String] { get }
}

/// One thing that can happen, and what becomes of the world.
struct SearchStep<State> {
    var words: String
    var world: State
}
