import SimulatedPorts

/// Makes a failing plan small: leaves out steps and faults as long as the same invariant still fails (ddmin, Zeller
/// and Hildebrandt 2002). Every part of a plan draws its own luck, so that what stays behaves as before.
package struct Shrinker {
    package private(set) var plan: Plan
    package private(set) var runs = 0
    private let invariant: String
    private let runsMax: Int

    /// - Parameter invariant: the one that must still fail.
    package init(_ plan: Plan, invariant: String, runsMax: Int = 400) {
        self.plan = plan
        self.invariant = invariant
        self.runsMax = runsMax
    }

    package mutating func shrink() {
        var size = 0
        repeat {
            size = plan.steps.count + plan.faults.faults.count
            var smaller = plan
            smaller.faults.faults = minimise(plan.faults.faults) { plan, faults in plan.faults.faults = faults }
            plan = smaller
            smaller.steps = minimise(plan.steps) { plan, steps in plan.steps = steps }
            plan = smaller
        } while plan.steps.count + plan.faults.faults.count < size && runs < runsMax
        plan.name += ", shrunk"
    }

    private mutating func minimise<Part>(_ parts: [Part], _ put: (inout Plan, [Part]) -> Void) -> [Part] {
        var kept = parts
        var chunk = max(1, kept.count / 2)
        while !kept.isEmpty, runs < runsMax {
            var start = 0
            var hasShrunk = false
            while start < kept.count, runs < runsMax {
                var candidate = kept
                candidate.removeSubrange(start..<min(start + chunk, kept.count))
                var trial = plan
                put(&trial, candidate)
                if fails(trial) {
                    kept = candidate
                    hasShrunk = true
                } else {
                    start += chunk
                }
            }
            if chunk == 1, !hasShrunk { break }
            chunk = max(1, chunk / 2)
        }
        return kept
    }

    private mutating func fails(_ trial: Plan) -> Bool {
        runs += 1
        return Runner(trial).run().violation?.invariant == invariant
    }
}
