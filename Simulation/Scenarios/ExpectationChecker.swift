import FarmControl
import FarmModel
import FarmPorts
import SimulatedPorts
import Simulator
import FarmRules

/// Watches over what a scenario expects.
final class ExpectationChecker {
    private let world: World
    /// Expectations with `by` that were not met yet.
    private var open: [Expectation]
    private let never: [Expectation]

    init(_ world: World) {
        self.world = world
        open = world.plan.expectations.filter { if case .by = $0.time { true } else { false } }
        never = world.plan.expectations.filter { $0.time == .never }
    }

    /// Looks at each expectation of one moment at that moment.
    func scheduleMoments(_ fail: @escaping (Violation) -> Void) {
        for expectation in world.plan.expectations {
            guard case .at(let moment) = expectation.time else { continue }
            world.simulation.executor.schedule(at: moment) { [self] in
                if !holds(expectation.fact) { fail(miss(expectation, "does not hold at that moment")) }
            }
        }
    }

    /// Looks at those with a time limit.
    func look() -> Violation? {
        open.removeAll { holds($0.fact) }
        for expectation in open {
            guard case .by(let limit) = expectation.time, world.now > limit else { continue }
            return miss(expectation, "did not come in time")
        }
        guard world.now <= world.plan.until else { return nil }
        for expectation in never where holds(expectation.fact) { return miss(expectation, "should never hold") }
        return nil
    }

    func atEnd() -> Violation? {
        if let found = look() { return found }
        return open.first.map { miss($0, "did not come in time") }
    }

    private func miss(_ expectation: Expectation, _ how: String) -> Violation {
        Violation(
            "expectation", at: world.now,
            "\(expectation.place): {\(ScenarioText.expectation(expectation))} \(how); \(found(expectation.fact))")
    }

    private func holds(_ fact: Expectation.Fact) -> Bool {
        switch fact {
        case .vm(let number, let state): row(number)?.observation.state == state
        case .error(let number, let part): row(number)?.observation.lastError?.contains(part) == true
        case .connected(let user): isConnected(user)
        case .disconnected(let user): !isConnected(user)
        case .answered(let user, let status): lastStatus(user) == status
        case .domains(let count): world.liveVMs.count == count
        case .node(let node, let state): world.store.look { $0.node(NodeID(Int64(node)))?.state } == state
        case .userDisk(let vm, let isKept): (world.storage.disks.userDisks[VMID(Int64(vm))] != nil) == isKept
        }
    }

    /// What is instead.
    private func found(_ fact: Expectation.Fact) -> String {
        switch fact {
        case .vm(let number, _), .error(let number, _):
            guard let row = row(number) else { return "there is no VM \(number)" }
            return "it is \(row.observation.state) (\(row.observation.detail)), wanted \(row.intent.wanted),"
                + " last error \(row.observation.lastError ?? "none")"
        case .connected(let user), .disconnected(let user):
            return "the user is \(isConnected(user) ? "connected" : "not connected"),"
                + " last ending \(ending(user).map { "\($0)" } ?? "none")"
        case .answered(let user, _): return "the latest request ended with \(ending(user).map { "\($0)" } ?? "nothing")"
        case .userDisk(let vm, let isKept):
            let disk = UserDiskID(vm: VMID(Int64(vm)), storage: .standard)
            let error = world.store.look { $0.diskDeletion(of: disk) }.map { $0.lastError ?? "no error" }
            let wish = error.map { "wanted: \($0)" } ?? "not wanted"
            return "it is \(isKept ? "gone" : "there"), and its deletion is \(wish)"
        case .domains: return "\(world.liveVMs.count) live domains"
        case .node(let node, _):
            return "it is \(world.store.look { $0.node(NodeID(Int64(node)))?.state.rawValue ?? "gone" })"
        }
    }

    private func row(_ number: Int) -> VirtualMachine? { world.store.look { $0.vm(VMID(Int64(number))) } }

    private func isConnected(_ user: Int) -> Bool {
        world.state.value.clients.contains { $0.user == user && $0.exchange.seesNow != nil }
    }

    private func ending(_ user: Int) -> SimulatedClientExchange.Ending? {
        world.state.value.clients.last { $0.user == user }?.exchange.ending.value
    }

    private func lastStatus(_ user: Int) -> Int? {
        if case .answered(let response)? = ending(user) { return response.status }
        return nil
    }
}
