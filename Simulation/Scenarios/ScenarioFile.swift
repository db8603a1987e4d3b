import FarmControl
import FarmModel
import SimulatedPorts
import Yams

/// Reads scenario files: plans written by hand, in YAML. `docs` of the keys: `fixtures/scenarios/README.md`.
package enum ScenarioFile {
    /// - Parameter file: its name, for messages.
    package static func read(_ text: String, file: String) throws(ScenarioError) -> Plan {
        let root: Yams.Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw describe(error, file: file)
        }
        guard let root else {
            throw ScenarioError(file: file, line: 1, column: 1, words: "expected a scenario, found an empty file")
        }
        return try plan(YAMLPosition(file: file, node: root))
    }

    private static func describe(_ error: any Error, file: String) -> ScenarioError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _)?, .parser(_, let problem, let mark, _)?,
            .composer(_, let problem, let mark, _)?:
            ScenarioError(
                file: file, line: mark.line, column: mark.column, words: "expected YAML: \(problem)")
        default: ScenarioError(file: file, line: 0, column: 0, words: "expected YAML: \(error)")
        }
    }

    private static func plan(_ root: YAMLPosition) throws(ScenarioError) -> Plan {
        let fields = try root.fields(["name", "seed", "farm", "until", "steps", "faults", "expect", "liveness"])
        let name = try fields.required("name").text("the scenario's name")
        var plan = Plan(name: name, seed: 1)
        if let node = fields["seed"] {
            guard let seed = UInt64(try node.text("a seed")) else {
                throw node.error("expected a seed: a number from 0 to 18446744073709551615")
            }
            plan.seed = seed
        }
        if let node = fields["farm"] { plan.farm = try farm(node) }
        plan.until = try fields.required("until").time()
        if let node = fields["liveness"] { plan.provesLiveness = try node.flag() }
        let steps = try fields["steps"]?.list() ?? []
        var added = 0
        for node in steps where try ScenarioSteps.addsVM(node) { added += 1 }
        let limits = ScenarioLimits(plan: plan, addedVMs: added)
        for node in steps { plan.steps.append(try ScenarioSteps.read(node, limits)) }
        for node in try fields["faults"]?.list() ?? [] {
            plan.faults.faults.append(try ScenarioFaults.read(node, limits))
        }
        for node in try fields["expect"]?.list() ?? [] {
            plan.expectations.append(try ScenarioExpectations.read(node, limits))
        }
        return plan
    }

    private static func farm(_ node: YAMLPosition) throws(ScenarioError) -> FarmPlan {
        let fields = try node.fields([
            "users", "vms", "memory", "user-disk", "keeps-overlay", "heavy", "node-memory", "nodes", "limits", "cpus",
            "capacity-memory", "capacity-cpus", "placement",
        ])
        var farm = FarmPlan()
        if let node = fields["limits"] {
            farm.limits = try node.choice(FarmPlan.Limits.allCases.map { ($0.rawValue, $0) })
        }
        if let node = fields["nodes"] { farm.nodes = try node.number(1...100) }
        if let node = fields["users"] { farm.users = try node.number(1...10_000) }
        if let node = fields["vms"] { farm.vms = try node.number(1...100_000) }
        if let node = fields["memory"] { farm.memory = Mebibytes(try node.number(64...1 << 20)) }
        if let node = fields["user-disk"] { farm.userDisk = Mebibytes(try node.number(0...1 << 20)) }
        if let node = fields["keeps-overlay"] { farm.keepsOverlay = try node.flag() }
        if let node = fields["heavy"] { farm.heavyMax = try node.number(1...1000) }
        if let node = fields["node-memory"] { farm.nodeMemory = Mebibytes(try node.number(64...1 << 24)) }
        if let node = fields["cpus"] { farm.cpus = try node.number(1...255) }
        farm.capacity = try ScenarioSteps.capacity(fields["capacity-memory"], fields["capacity-cpus"])
        if let node = fields["placement"] {
            farm.placement = try node.choice(PlacementPolicy.allCases.map { ($0.rawValue, $0) })
        }
        return farm
    }
}

/// What numbers may stand in the rest of a scenario.
struct ScenarioLimits {
    let nodes: Int
    let users: Int
    let vms: Int
    let until: Int64

    init(plan: Plan, addedVMs: Int) {
        nodes = plan.farm.nodes
        users = plan.farm.users
        vms = plan.farm.vms + addedVMs
        until = plan.until
    }

    func user(_ node: YAMLPosition) throws(ScenarioError) -> Int { try node.number(1...users) }
    func vm(_ node: YAMLPosition) throws(ScenarioError) -> Int { try node.number(1...vms) }

    func node(_ node: YAMLPosition) throws(ScenarioError) -> Int { try node.number(1...nodes) }
    /// The node that is named, or the first.
    func place(_ node: YAMLPosition?) throws(ScenarioError) -> Int {
        guard let node else { return 1 }
        return try self.node(node)
    }

    /// A moment before the end of the safety phase.
    func moment(_ node: YAMLPosition) throws(ScenarioError) -> Int64 {
        let moment = try node.time()
        guard moment <= until else {
            throw node.error("expected a moment up to the scenario's end (until: \(ScenarioTime.text(until)))")
        }
        return moment
    }
}
