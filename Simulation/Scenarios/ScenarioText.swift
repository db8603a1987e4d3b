import FarmModel
package import SimulatedPorts

/// Writes a plan as a scenario file, so that a run found by chance can be read, kept and changed by hand.
package enum ScenarioText {
    package static func write(_ plan: Plan) -> String {
        var lines = ["name: \(quoted(plan.name))", "seed: \(plan.seed)", "until: \(ScenarioTime.text(plan.until))"]
        if !plan.provesLiveness { lines.append("liveness: false") }
        let farm = plan.farm
        lines.append(
            "farm: {users: \(farm.users), vms: \(farm.vms), memory: \(farm.memory.count),"
                + " user-disk: \(farm.userDisk.count), keeps-overlay: \(farm.keepsOverlay), heavy: \(farm.heavyMax),"
                + " node-memory: \(farm.nodeMemory.count)}")
        lines += section("steps", plan.steps.map(step))
        lines += section("faults", plan.faults.faults.map(fault))
        lines += section("expect", plan.expectations.map(expectation))
        return lines.joined(separator: "\n") + "\n"
    }

    private static func section(_ name: String, _ entries: [String]) -> [String] {
        entries.isEmpty ? [] : ["\(name):"] + entries.map { "  - {\($0)}" }
    }

    private static func quoted(_ text: String) -> String {
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
        case .start(let vm): "start, vm: \(vm)"
        case .stop(let vm): "stop, vm: \(vm)"
        case .block(let vm): "block, vm: \(vm)"
        case .unblock(let vm): "unblock, vm: \(vm)"
        case .delete(let vm): "delete, vm: \(vm)"
        case .tag(let vm, let tag): "tag, vm: \(vm), tag: \(quoted(tag))"
        case .addImage(let file): "add-image, file: \(quoted(file))"
        case .blockUser(let user): "block-user, user: \(user)"
        case .unblockUser(let user): "unblock-user, user: \(user)"
        case .addVM(let name, let user): "add-vm, user: \(user), name: \(quoted(name))"
        case .blockNode: "block-node"
        case .unblockNode: "unblock-node"
        }
    }

    package static func fault(_ fault: Fault) -> String {
        let lasts = fault.lasts > 0 ? ", for: \(ScenarioTime.text(fault.lasts))" : ""
        return "at: \(ScenarioTime.text(fault.at))\(lasts), fault: \(kind(fault.kind))\(aim(fault.aim))"
    }

    private static func aim(_ aim: FaultAim) -> String {
        (aim.call.map { ", call: \($0.text)" } ?? "") + (aim.vm.map { ", vm: \($0)" } ?? "")
            + (aim.first.map { ", first: \($0)" } ?? "")
    }

    private static func kind(_ kind: Fault.Kind) -> String {
        switch kind {
        case .slow(let port, let time): "slow, port: \(port.text), by: \(ScenarioTime.text(time))"
        case .failing(let port, let mode, let perMille):
            "failing, port: \(port.text), mode: \(mode.rawValue), per-mille: \(perMille)"
        case .hanging(let port, nil): "hanging, port: \(port.text)"
        case .hanging(let port, let vm?): "hanging, port: \(port.text), vm: \(vm)"
        case .eventsLost(let perMille): "events-lost, per-mille: \(perMille)"
        case .eventsDoubled(let perMille): "events-doubled, per-mille: \(perMille)"
        case .diskFull: "disk-full"
        case .imageMissing(let file): "image-missing, file: \(quoted(file))"
        case .imageCorrupt(let file): "image-corrupt, file: \(quoted(file))"
        case .agentSilent(let vm): "agent-silent, vm: \(vm)"
        case .domainDies(let vm): "domain-dies, vm: \(vm)"
        case .guestHangs(let vm): "guest-hangs, vm: \(vm)"
        case .emulatorFreezes(let vm): "emulator-freezes, vm: \(vm)"
        case .guestNeverBoots(let vm): "guest-never-boots, vm: \(vm)"
        case .sessionEnds(let vm): "session-ends, vm: \(vm)"
        case .guestPowersOff(let vm): "guest-powers-off, vm: \(vm)"
        case .guestTurnsHostile(let vm): "guest-turns-hostile, vm: \(vm)"
        case .addressServiceDies: "dhcp-dies"
        case .filterFlushed(let vm): "filter-flushed, vm: \(vm)"
        case .tapDeleted(let vm): "tap-deleted, vm: \(vm)"
        case .kill(let process, nil): "kill, process: \(process.text)"
        case .kill(let process, let steps?): "kill, process: \(process.text), after-steps: \(steps)"
        case .terminate(let process): "terminate, process: \(process.text)"
        case .freeze(let process): "freeze, process: \(process.text)"
        }
    }

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
        case .node(let state): return "\(time), node: \(state.rawValue)"
        }
    }
}
