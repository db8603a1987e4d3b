import FarmControl
import FarmModel
import SimulatedPorts

/// Writes a plan as a scenario file, so that a run found by chance can be read, kept and changed by hand.
package enum ScenarioText {
    package static func write(_ plan: Plan) -> String {
        var lines = ["name: \(quoted(plan.name))", "seed: \(plan.seed)", "until: \(ScenarioTime.text(plan.until))"]
        if !plan.provesLiveness { lines.append("liveness: false") }
        let farm = plan.farm
        lines.append(
            "farm: {users: \(farm.users), vms: \(farm.vms), memory: \(farm.memory.count),"
                + " user-disk: \(farm.userDisk.count), keeps-overlay: \(farm.keepsOverlay), heavy: \(farm.heavyMax),"
                + " node-memory: \(farm.nodeMemory.count)\(farm.nodes > 1 ? ", nodes: \(farm.nodes)" : "")"
                + "\(farm.limits == .usual ? "" : ", limits: \(farm.limits.rawValue)")"
                + "\(farm.cpus.map { ", cpus: \($0)" } ?? "")"
                + words(farm.capacity, "capacity-memory", "capacity-cpus")
                + "\(farm.placement == .spread ? "" : ", placement: \(farm.placement.rawValue)")}")
        lines += section("steps", plan.steps.map(step))
        lines += section("faults", plan.faults.faults.map(ScenarioFaults.write))
        lines += section("expect", plan.expectations.map(expectation))
        return lines.joined(separator: "\n") + "\n"
    }

    private static func section(_ name: String, _ entries: [String]) -> [String] {
        entries.isEmpty ? [] : ["\(name):"] + entries.map { "  - {\($0)}" }
    }

    static func quoted(_ text: String) -> String {
        let escaped = text.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] }
        return "\"\(String(escaped))\""
    }

    static func step(_ step: Step) -> String {
        let at = "at: \(ScenarioTime.text(step.at))"
        switch step.action {
        case .connect(let user, let vm, let stays):
            let stay = stays.map { ", stays: \(ScenarioTime.text($0))" } ?? ""
            return "\(at), user: \(user), does: connect, vm: \(vm)\(stay)"
        case .connectWithWrongPassword(let user, let vm):
            return "\(at), user: \(user), does: connect-with-wrong-password, vm: \(vm)"
        case .list(let user): return "\(at), user: \(user), does: list"
        case .disconnect(let user): return "\(at), user: \(user), does: disconnect"
        case .vanish(let user): return "\(at), user: \(user), does: vanish"
        case .stopVM(let user, let vm): return "\(at), user: \(user), does: stop-vm, vm: \(vm)"
        case .administer(let action): return "\(at), administrator: \(self.action(action))"
        }
    }

    /// The word for what somebody does.
    static func word(_ action: Step.Action) -> String {
        switch action {
        case .connect: "connect"
        case .connectWithWrongPassword: "connect-with-wrong-password"
        case .list: "list"
        case .disconnect: "disconnect"
        case .vanish: "vanish"
        case .stopVM: "stop-vm"
        case .administer(let action): String(self.action(action).prefix { $0 != "," })
        }
    }

    private static func action(_ action: AdministratorAction) -> String {
        switch action {
        case .start(let vm, let node): "start, vm: \(vm)\(node.map { ", on: \($0)" } ?? "")"
        case .stop(let vm): "stop, vm: \(vm)"
        case .block(let vm): "block, vm: \(vm)"
        case .unblock(let vm): "unblock, vm: \(vm)"
        case .delete(let vm): "delete, vm: \(vm)"
        case .deleteWithDisk(let vm): "delete-with-disk, vm: \(vm)"
        case .deleteDisk(let vm): "delete-disk, vm: \(vm)"
        case .tag(let vm, let tag): "tag, vm: \(vm), tag: \(quoted(tag))"
        case .addImage(let file): "add-image, file: \(quoted(file))"
        case .blockUser(let user): "block-user, user: \(user)"
        case .unblockUser(let user): "unblock-user, user: \(user)"
        case .addVM(let name, let user): "add-vm, user: \(user), name: \(quoted(name))"
        case .blockNode(let node): "block-node\(elsewhere(node))"
        case .drain(let node): "drain\(elsewhere(node))"
        case .resume(let node): "resume\(elsewhere(node))"
        case .unblockNode(let node): "unblock-node\(elsewhere(node))"
        case .setCapacity(let node, let capacity):
            "set-capacity\(elsewhere(node))\(words(capacity, "memory", "cpus"))"
        }
    }

    /// What has no limit needs no mention.
    private static func words(_ capacity: NodeCapacity, _ memory: String, _ cpus: String) -> String {
        (capacity.memory.map { ", \(memory): \($0.count)" } ?? "") + (capacity.cpus.map { ", \(cpus): \($0)" } ?? "")
    }

    /// The first node needs no mention.
    private static func elsewhere(_ node: Int) -> String { node == 1 ? "" : ", on: \(node)" }

    static func expectation(_ expectation: Expectation) -> String {
        let time =
            switch expectation.time {
            case .at(let moment): "at: \(ScenarioTime.text(moment))"
            case .by(let moment): "by: \(ScenarioTime.text(moment))"
            case .never: "never: true"
            }
        switch expectation.fact {
        case .vm(let vm, let state): return "\(time), vm: \(vm), is: \(state.rawValue)"
        case .error(let vm, let part): return "\(time), vm: \(vm), error: \(quoted(part))"
        case .connected(let user): return "\(time), user: \(user), is: connected"
        case .disconnected(let user): return "\(time), user: \(user), is: disconnected"
        case .answered(let user, let status): return "\(time), user: \(user), answered: \(status)"
        case .domains(let count): return "\(time), domains: \(count)"
        case .node(let node, let state): return "\(time), node: \(state.rawValue)\(elsewhere(node))"
        case .userDisk(let vm, let isKept): return "\(time), user-disk: \(vm), is: \(isKept ? "kept" : "deleted")"
        }
    }
}
