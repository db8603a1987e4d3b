import FarmModel
import FarmPorts
import FarmRules
import SimulatedPorts
import Simulator

/// `blocked`: whoever asks for a desktop after the user, the VM or the router's node was blocked is not let in, and is
/// told so before anything is done for them.
final class BlockChecker {
    private enum Subject: Hashable {
        case user(UserID)
        case vm(VMID)
        case node(NodeID)
    }

    private let world: World
    /// Whether anything is ever blocked in this plan.
    private let isNeeded: Bool
    private var since: [Subject: Int64] = [:]

    init(_ world: World) {
        self.world = world
        isNeeded = world.plan.steps.contains {
            switch $0.action {
            case .administer(.blockUser), .administer(.block), .administer(.blockNode): true
            default: false
            }
        }
    }

    /// After each event that changed the store.
    func note() {
        guard isNeeded else { return }
        let blocked: Set<Subject> = world.store.look { ledger in
            var blocked = Set(ledger.users().filter(\.isBlocked).map { Subject.user($0.id) })
            blocked.formUnion(ledger.vms().filter(\.isBlocked).map { .vm($0.id) })
            return blocked.union(ledger.nodes().filter(\.isBlocked).map { .node($0.id) })
        }
        for subject in since.keys where !blocked.contains(subject) { since[subject] = nil }
        for subject in blocked where since[subject] == nil { since[subject] = world.now }
    }

    /// After each event that changed what clients see.
    func check() -> Violation? {
        guard !since.isEmpty else { return nil }
        for client in world.state.value.clients {
            guard client.isConnect, let vm = client.vm.map({ VMID(Int64($0)) }) else { continue }
            let subjects: [(Subject, String)] = [
                (.user(UserID(Int64(client.user))), "user\(client.user)"), (.vm(vm), "VM \(vm)"),
                (.node(client.node), "node \(client.node)"),
            ]
            for (subject, name) in subjects {
                guard let since = since[subject], client.began > since, let how = how(client, subject) else { continue }
                return Violation(
                    "blocked", at: world.now, vm: vm,
                    "user\(client.user) \(how), though \(name) is blocked since \(Instant(nanoseconds: since)) s")
            }
        }
        return nil
    }

    private func how(_ client: World.Client, _ subject: Subject) -> String? {
        switch client.exchange.ending.value {
        case nil: return client.exchange.seesNow.map { "was let in to VM \($0)" }
        case .answered(let answer)?:
            // The answer to those who were admitted while the VM was not blocked yet.
            guard case .vm = subject, answer.status == 503, answer.body.contains("offline for maintenance") else {
                return nil
            }
            return "was admitted before they were refused"
        default: return nil
        }
    }
}
