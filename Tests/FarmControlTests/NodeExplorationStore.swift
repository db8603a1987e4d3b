import FarmModel

@testable import FarmControl

/// The store's rules about assignments, as its ports promise them.
extension NodeExplorationWorld {
    mutating func requestStart(_ vm: VMID) {
        guard var row = rows[vm], row.intent.wanted != .run else { return }
        if row.intent.node == nil {
            row.intent.node = Self.node
            row.intent.epoch = row.intent.epoch.next
        }
        row.intent.wanted = .run
        row.intent.request += 1
        rows[vm] = row
        ghosts[vm]?.guestEnded = false
        notify()
    }

    mutating func requestStop(_ vm: VMID) {
        guard var row = rows[vm], row.intent.wanted != .stop else { return }
        row.intent.wanted = .stop
        row.intent.request += 1
        if row.observation.state == .stopped, !secretsInStore.contains(vm) { row.intent.node = nil }
        rows[vm] = row
        ghosts[vm]?.wasStopped = true
        notify()
    }

    private mutating func notify() {
        if !pending.contains(where: { $0.call == .changed }) { pending.append(.init(call: .changed)) }
    }

    /// Also checks that a withdrawn wish is withdrawn with a reason.
    mutating func release(_ vm: VMID, _ epoch: Epoch, _ request: Int64, _ error: String?) {
        guard var row = rows[vm], row.intent.node == Self.node, row.intent.epoch == epoch else { return }
        let isNewer = row.intent.request != request && mutant != .newerStartsAreForgotten
        if row.intent.wanted == .run && isNewer {
            row.intent.epoch = row.intent.epoch.next
        } else {
            if row.intent.wanted == .run {
                if error == nil, ghosts[vm]?.guestEnded != true {
                    violation = "intent: VM \(vm) was wanted to run and was given up without a reason"
                }
                if error != nil, !wasHurt {
                    violation = "intent: VM \(vm) failed though nothing went wrong: \(error!)"
                }
                row.intent.wanted = .stop
            }
            row.intent.node = nil
        }
        if let domain = domains[vm], !domain.isStray {
            violation = "release: VM \(vm) given back with a live domain"
        }
        row.observation = Observation(state: .stopped, lastError: error ?? row.observation.lastError)
        rows[vm] = row
        secretsInStore.remove(vm)
        ghosts[vm]?.guestEnded = false
    }
}
