package import SimulatedPorts
package import Simulator

/// Carries out a plan: a safety phase in which anything may go wrong, then healing, then a liveness phase in which
/// everything must come right within stated bounds. Safety is checked after every event of both.
package final class Runner {
    package let world: World
    let plan: Plan
    private let checkers: Checkers
    private let expectations: ExpectationChecker
    private var violation: Violation?
    private var needs = RunNeeds()

    /// A connect has an answer or a session within its steps' own limits together, and the longest freeze of a fault.
    private let answerLimit: Int64
    private static let freezeMax = 120 * Plan.second

    /// - Parameters:
    ///   - mutation: a rule of the world broken on purpose, in tests of the checkers.
    ///   - looksAtAll: the checkers look at everything each time, and not at what changed alone.
    ///   - leavesOutPolls: polls that would find nothing new are not made; the outcome is the same.
    ///   - draw: see `Simulation`.
    package init(
        _ plan: Plan, detail: Trace.Detail = .digest, mutation: Mutation? = nil, looksAtAll: Bool = false,
        leavesOutPolls: Bool = true, draw: UInt64 = 0
    ) {
        self.plan = plan
        answerLimit = Patience.connect(plan.farm.connectLimits) + Self.freezeMax
        world = World(plan: plan, detail: detail, draw: draw)
        world.simulation.mutation = mutation
        world.simulation.leavesOutPolls = leavesOutPolls
        checkers = Checkers(world, looksAtAll: looksAtAll)
        expectations = ExpectationChecker(world)
    }

    /// Runs to the end, or to the first violation.
    package func run() -> RunResult { runUntil { _ in false } }

    /// The same, but ends as soon as the condition, asked once a second, holds.
    package func runUntil(_ isEnough: (World) -> Bool) -> RunResult {
        let clock = ContinuousClock()
        let began = clock.now
        let executor = world.simulation.executor
        executor.afterEvent = { [unowned self] in
            guard violation == nil, let found = checkers.check() else { return }
            fail(found)
        }
        for step in plan.steps {
            executor.schedule(at: step.at) { [world] in world.perform(step) }
        }
        expectations.scheduleMoments { [unowned self] in fail($0) }
        tick()
        world.startAll()
        var isDone = false
        while violation == nil, !isDone, world.now < plan.until {
            advance(to: min(plan.until, world.now + Plan.second))
            isDone = isEnough(world)
        }
        if violation == nil, let missed = expectations.atEnd() { fail(missed) }
        if violation == nil, plan.provesLiveness { proveLiveness() }
        executor.afterEvent = nil
        needs.note(calls: checkers.mostCalls, of: plan)
        let result = RunResult(
            plan: plan, violation: violation, trace: world.simulation.trace,
            outcome: world.simulation.outcome.digest(rows: world.finalRows), sources: world.simulation.sources,
            virtualTime: world.now, portCalls: world.simulation.portCalls, jobs: executor.jobsRun,
            coverage: world.simulation.coverage, needs: needs, wallTime: clock.now - began)
        // What is left of the processes must end, or a soak would fill the memory.
        world.endProcesses()
        executor.clearStop()
        executor.run(until: world.now + 60 * Plan.second)
        return result
    }

    private func fail(_ found: Violation) {
        guard violation == nil else { return }
        violation = found
        world.simulation.note(.world, value: 99, words: "VIOLATION \(found)")
        world.simulation.executor.stop("violation")
    }

    /// Looks once a second at what has a time limit.
    private func tick() {
        world.simulation.executor.schedule(at: world.now + Plan.second) { [unowned self] in
            guard violation == nil, !world.state.value.isEnding else { return }
            let late = world.unanswered(limit: answerLimit)
            if let found = checkers.checkTimes() ?? expectations.look() ?? late { fail(found) }
            tick()
        }
    }

    private func advance(to moment: Int64) {
        guard violation == nil else { return }
        if case .stopped(let reason) = world.simulation.executor.run(until: moment), violation == nil {
            violation = Violation("simulator", at: world.now, reason)
        }
    }

    // MARK: Liveness

    private func proveLiveness() {
        let wasFaulty = world.heal()
        let healing = Patience(world, afterFaults: wasFaulty)
        guard wait(.rest, healing, { $0.rest }, world.unsettled),
            wait(.answers, healing, { $0.answers }, { world.unanswered(limit: 0) })
        else { return }
        let probes = world.beginProbes()
        guard wait(.desktops, Patience(world, afterFaults: wasFaulty), { $0.desktops }, { world.unserved(probes) })
        else { return }
        world.endProbes(probes)
        world.stopAll()
        let stopping = Patience(world)
        guard wait(.emptiness, stopping, { $0.rest }, { world.unsettled() ?? world.remains() }) else { return }
        _ = wait(.answers, stopping, { $0.answers }, { world.unanswered(limit: 0) })
    }

    /// Goes on until nothing is missing; what still is at the bound is a violation.
    private func wait(
        _ what: WaitClass, _ patience: Patience, _ bound: (Patience) -> Int64, _ missing: () -> Violation?
    ) -> Bool {
        let limit = bound(patience)
        let began = world.now
        while violation == nil {
            guard let lacks = missing() else {
                needs.note(wait: world.now - began, of: limit, for: patience.isOfHung ? what.ofHung : what)
                return true
            }
            guard world.now - began < limit else {
                fail(lacks)
                return false
            }
            advance(to: world.now + Plan.second)
        }
        return false
    }
}

/// What a run came to.
package struct RunResult: Sendable {
    package var plan: Plan
    package var violation: Violation?
    package var trace: Trace
    /// Of the answers, the final rows and the effects on each VM in order: see `OutcomeDigest`.
    package var outcome: UInt64
    /// The outcome is another one when how long readings take is drawn anew. Looked for only where runs were compared
    /// and came to different outcomes, which says nothing then.
    package var hangsOnChance = false
    package var sources: [String]
    /// Nanoseconds.
    package var virtualTime: Int64
    package var portCalls: Int
    package var jobs: Int
    /// What the run met, and how often.
    package var coverage: [CoverageMark: Int]
    /// How near it came to its bounds.
    package var needs: RunNeeds
    package var wallTime: Duration
}
