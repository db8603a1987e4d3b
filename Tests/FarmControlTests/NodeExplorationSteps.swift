import FarmModel

@testable import FarmControl

/// Everything that can happen next. Undisturbed, calls are answered oldest first; whatever departs from that
/// (a fault, a call that waits while others overtake it, a command, a death) costs one disturbance of the
/// budget.
extension NodeSearchState {
    func nextSteps(tellsWords: Bool) -> [SearchStep<NodeSearchState>] {
        var steps: [SearchStep<NodeSearchState>] = []
        func step(
            _ words: @autoclosure () -> String, cost: Int = 0, _ change: (inout NodeSearchState) -> Void
        ) {
            guard budget >= cost else { return }
            var world = self
            world.budget -= cost
            if cost > 0 { world.wasHurt = true }
            change(&world)
            steps.append(SearchStep(words: tellsWords ? words() : "", world: world))
        }
        for index in pending.indices { addAnswers(to: index, step) }
        for vm in vms { addHappenings(to: vm, step) }
        for index in lateCalls.indices {
            step("late: \(lateCalls[index])", cost: pending.isEmpty ? 0 : 1) { $0.carryOutLate(index) }
        }
        addPassingTime(step)
        if fencesLeft > 0, machine.mode != .fencing {
            step("told to fence") { world in
                world.fencesLeft -= 1
                world.wasHurt = true
                world.deliver(.fence)
            }
        }
        step("daemon dies", cost: 1) { $0.crash(createsLate: false) }
        if pending.contains(where: \.isCreate) {
            step("daemon dies in create", cost: 1) { $0.crash(createsLate: true) }
        }
        return steps
    }

    typealias AddStep = (
        _ words: @autoclosure () -> String, _ cost: Int, _ change: (inout NodeSearchState) -> Void
    ) -> Void

    private func addAnswers(to index: Int, _ step: AddStep) {
        let entry = pending[index]
        step("\(entry.call)", index == 0 ? 0 : 1) { $0.answer(index) }
        guard index == 0 else { return }
        if pending.count > 1 { step("waits: \(entry.call)", 1) { $0.putLast(index) } }
        guard entry.answer == nil else { return }
        switch entry.call {
        case .collect(let leftover) where machine.mode == .fencing:
            step("not removed: \(leftover)", 1) { $0.refuse(index, .collected(leftover)) }
        case .heard, .changed, .repair, .collect, .endDomain: return
        case .begin(let id, _, let secret): addTroubleOfBegin(index, entry.call, id, secret, step)
        case .perform(.release, let id, _, _):
            step("not released: \(entry.call)", 1) { $0.refuse(index, .finished(id, .unknown("away"))) }
            step("released without answer: \(entry.call)", 1) { world in
                _ = world.carryOut(entry.call)
                world.refuse(index, .finished(id, .unknown("no answer")))
            }
            step("released late: \(entry.call)", 1) { world in
                world.lateCalls.append(entry.call)
                world.refuse(index, .finished(id, .unknown("no answer")))
            }
        case .perform(let effect, let id, let epoch, _):
            guard effect.step != nil else { return }
            step("fails: \(entry.call)", 1) { $0.refuse(index, .finished(id, .failed("refused"))) }
            step("no answer: \(entry.call)", 1) { $0.refuse(index, .finished(id, .unknown("no answer"))) }
            step("done without answer: \(entry.call)", 1) { world in
                _ = world.carryOut(entry.call)
                world.refuse(index, .finished(id, .unknown("no answer")))
            }
            if effect == .build(.domain) {
                step("done late: \(entry.call)", 1) { world in
                    world.lateCreates[id.vm] = epoch
                    world.ghosts[id.vm]?.mayBeStray = true
                    world.refuse(index, .finished(id, .unknown("no answer")))
                }
            }
        case .report(_, let vm, _):
            step("not recorded: \(vm)", 1) { $0.refuse(index, .reported(vm, .failed)) }
            step("recorded without answer: \(vm)", 1) { world in
                _ = world.carryOut(entry.call)
                world.refuse(index, .reported(vm, .failed))
            }
            step("recorded late: \(vm)", 1) { world in
                world.lateCalls.append(entry.call)
                world.ghosts[vm]?.mayBeOverwritten = true
                world.refuse(index, .reported(vm, .failed))
            }
            step("recorded twice: \(vm)", 1) { world in
                world.lateCalls.append(entry.call)
                world.ghosts[vm]?.mayBeOverwritten = true
                world.answer(index)
            }
        case .reportRunning: step("not recorded that it serves", 1) { $0.refuse(index, .runningReported(false)) }
        case .read(_, let number):
            step("reading fails", 1) { $0.refuse(index, .readFailed("away", number: number)) }
        case .look(let source, let number):
            step("look at \(source) fails", 1) { $0.refuse(index, .lookFailed(source, "away", number: number)) }
        }
        step("answer is slow: \(entry.call)", 1) { world in
            world.pending[index].answer = world.carryOut(entry.call)
            world.putLast(index)
        }
    }

    /// A begin that fails, whose answer is lost, or that comes late. The house keeper may know with which secret it was
    /// tried, or not: then it was given up without a word.
    private func addTroubleOfBegin(
        _ index: Int, _ call: Call, _ id: VMEffectID, _ secret: AgentSecret, _ step: AddStep
    ) {
        step("not begun: \(call)", 1) { $0.refuse(index, .began(id, .unknown("away", tried: secret))) }
        for tried in [secret, nil] {
            let unknown = NodeEvent.began(id, .unknown("no answer", tried: tried))
            let words = tried == nil ? "\(call), unheard" : "\(call)"
            step("begun without answer: \(words)", 1) { world in
                _ = world.carryOut(call)
                world.refuse(index, unknown)
            }
            step("begun late: \(words)", 1) { world in
                world.lateCalls.append(call)
                world.refuse(index, unknown)
            }
        }
    }

    private func addHappenings(to vm: VMID, _ step: AddStep) {
        if let domain = domains[vm] {
            if domain.isPoweringOff { step("guest \(vm) ends", 0) { $0.endDomain(vm, heardAs: .shutdown) } }
            step("domain \(vm) dies", 1) { $0.endDomain(vm, heardAs: .crashed) }
            step("domain \(vm) dies unheard", 1) { $0.endDomain(vm, heardAs: nil) }
            step("guest \(vm) powers off", 1) { world in
                world.ghosts[vm]?.guestEnded = true
                world.endDomain(vm, heardAs: .shutdown)
            }
        }
        if lateCreates[vm] != nil {
            step("late domain of \(vm)", pending.isEmpty ? 0 : 1) { $0.createLate(vm) }
        }
        guard let row = row(vm) else { return }
        if row.intent.wanted == .run {
            step("stop \(vm)", 1) { $0.requestStop(vm) }
        } else if !row.isBlocked {
            step("start \(vm)", 1) { $0.requestStart(vm) }
        }
        step(row.isBlocked ? "unblock \(vm)" : "block \(vm)", 1) { $0.setBlocked(vm, !row.isBlocked) }
        step("delete \(vm)", 1) { $0.delete(vm) }
    }

    private func addPassingTime(_ step: AddStep) {
        step("time passes", pending.isEmpty ? 0 : 1) { $0.passTime() }
    }

    // MARK: The changes

    mutating func answer(_ index: Int) {
        let entry = pending[index]
        let event = entry.answer ?? carryOut(entry.call)
        if let place = pending.firstIndex(of: entry) { pending.remove(at: place) }
        deliver(event)
    }

    mutating func putLast(_ index: Int) { pending.append(pending.remove(at: index)) }

    mutating func refuse(_ index: Int, _ event: NodeEvent) {
        pending.remove(at: index)
        deliver(event)
    }

    mutating func passTime() {
        now = max(now, min(machine.deadline ?? polls.next, polls.next)).advanced(by: .milliseconds(1))
        for poll in polls.take(at: now) { deliver(poll) }
        deliver(.tick)
    }

    mutating func createLate(_ vm: VMID) {
        guard let epoch = lateCreates.removeValue(forKey: vm), domains[vm] == nil else { return }
        domains[vm] = Domain(epoch: epoch, isStray: true)
    }

    mutating func carryOutLate(_ index: Int) { _ = carryOut(lateCalls.remove(at: index)) }

    mutating func crash(createsLate: Bool) {
        for entry in pending {
            if createsLate, entry.isCreate, case .perform(_, let id, let epoch, _) = entry.call {
                lateCreates[id.vm] = epoch
                ghosts[id.vm]?.mayBeStray = true
            }
        }
        pending.removeAll { if case .changed = $0.call { false } else { true } }
        now = now.advanced(by: .nanoseconds(1))
        startDaemon()
    }

    /// No more harm: the oldest call is answered first, then guests end, then time passes.
    mutating func proceedUndisturbed() {
        if !pending.isEmpty {
            answer(0)
        } else if !lateCalls.isEmpty {
            carryOutLate(0)
        } else if let vm = lateCreates.keys.min() {
            createLate(vm)
        } else if let vm = vms.first(where: { domains[$0]?.isPoweringOff == true }) {
            endDomain(vm, heardAs: .shutdown)
        } else {
            passTime()
        }
    }
}

extension NodeSearchState.Pending {
    var isCreate: Bool {
        if case .perform(.build(.domain), _, _, _) = call { answer == nil } else { false }
    }
}
