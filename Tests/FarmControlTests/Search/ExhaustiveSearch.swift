/// Looks at every world that can come of one, and checks the rules after every step; each new world must also come to
/// rest when it is disturbed no more.
///
/// A world is kept only until its steps are made. Of all others there are the key, the world that each came from and
/// the number of the step that led there: the way to a finding is walked again for its words.
struct ExhaustiveSearch<State: SearchedState> {
    enum Order {
        /// Breadth first: the way to a finding is the shortest. Keeps a whole layer of worlds.
        case shortestWays
        /// Depth first: keeps few worlds. What is found at the end is the same.
        case fewWorlds
    }

    struct Result {
        var states = 1
        var steps = 0
        var depth = 0
        /// False when it stopped at a finding or at its limit.
        var isExhausted = false
        /// What did not hold, and the way there.
        var finding: String?
        var way: [String] = []
        /// How many states met a thing.
        var met: [String: Int] = [:]
    }

    private struct Waiting {
        var number: UInt32
        var depth: Int
        var world: State
    }

    private let start: State
    private let order: Order
    private let statesMax: Int
    private var waiting: [Waiting] = []
    private var nextLayer: [Waiting] = []
    private var parents: [UInt32] = [0]
    private var choices: [UInt16] = [0]
    private var seen = SeenKeys()
    private var atRest = SeenKeys()
    private var result = Result()

    /// - Parameter statesMax: a search that gets here has failed.
    static func run(from start: State, order: Order = .shortestWays, statesMax: Int) -> Result {
        var search = ExhaustiveSearch(start, order, statesMax)
        search.run()
        search.result.states = search.parents.count
        return search.result
    }

    private init(_ start: State, _ order: Order, _ statesMax: Int) {
        self.start = start
        self.order = order
        self.statesMax = statesMax
    }

    private mutating func run() {
        _ = seen.insert(start.key(withBudget: true))
        add(Waiting(number: 0, depth: 0, world: start))
        while let next = take() {
            for (choice, step) in next.world.nextSteps(tellsWords: false).enumerated() {
                result.steps += 1
                let broken = step.world.broken
                let isNew = seen.insert(step.world.key(withBudget: true))
                if let words = broken ?? (isNew ? unsettled(after: step.world) : nil) {
                    result.finding = words
                    result.way = way(to: next.number, andBy: choice)
                    if broken == nil { result.way += ["then, undisturbed:"] + undisturbedWay(after: step.world) }
                    return
                }
                guard isNew else { continue }
                guard parents.count < statesMax else { return }
                parents.append(next.number)
                choices.append(UInt16(choice))
                result.depth = max(result.depth, next.depth + 1)
                for thing in step.world.met { result.met[thing, default: 0] += 1 }
                add(Waiting(number: UInt32(parents.count - 1), depth: next.depth + 1, world: step.world))
            }
        }
        result.isExhausted = true
    }

    private mutating func add(_ world: Waiting) {
        switch order {
        case .shortestWays: nextLayer.append(world)
        case .fewWorlds: waiting.append(world)
        }
    }

    private mutating func take() -> Waiting? {
        if waiting.isEmpty {
            waiting = nextLayer.reversed()
            nextLayer = []
        }
        return waiting.popLast()
    }

    /// Runs the world undisturbed until it is at rest; remembers every world from which that goes well.
    private mutating func unsettled(after start: State) -> String? {
        var world = start
        var way: [SearchKey] = []
        while true {
            let key = world.key(withBudget: false)
            if atRest.contains(key) { break }
            way.append(key)
            if let words = world.broken { return "\(words) (while settling)" }
            guard let going = world.unsettled else {
                if let words = world.brokenAtRest { return words }
                break
            }
            if way.count > State.undisturbedMax { return "\(going) after \(way.count) undisturbed events" }
            world.proceedUndisturbed()
        }
        for key in way { _ = atRest.insert(key) }
        return nil
    }

    /// The first events after a step from which the world does not come to rest.
    private func undisturbedWay(after start: State) -> [String] {
        var world = start
        var words: [String] = []
        while words.count < 60, world.unsettled != nil {
            var next = world
            next.proceedUndisturbed()
            let key = next.key(withBudget: true)
            let step = world.nextSteps(tellsWords: true).first { $0.world.key(withBudget: true) == key }
            words.append(step?.words ?? "something that is no step")
            world = next
        }
        return words
    }

    private func way(to number: UInt32, andBy last: Int) -> [String] {
        var taken = [last]
        var at = Int(number)
        while at > 0 {
            taken.append(Int(choices[at]))
            at = Int(parents[at])
        }
        var world = start
        var words = ["start"]
        for choice in taken.reversed() {
            let step = world.nextSteps(tellsWords: true)[choice]
            words.append(step.words)
            world = step.world
        }
        return words
    }
}
