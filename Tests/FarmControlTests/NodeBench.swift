import FarmModel
import XCTest

@testable import FarmControl

/// Drives one node's machine by hand.
struct NodeBench {
    static let farm = FarmID(bits: 0x00beef)
    static let node = NodeID(2)

    var machine: NodeMachine
    var now = Instant(nanoseconds: 1_000_000_000)
    var wall = WallTime(seconds: 100)
    private(set) var actions: [NodeAction] = []
    private var lastReading: NodeEvent?

    init(slots: Int = 10) {
        var policy = NodePolicy()
        policy.heavyMax = slots
        machine = NodeMachine(farm: Self.farm, node: Self.node, policy: policy)
        actions = machine.start(at: now)
    }

    /// A node that serves, with nothing assigned and nothing on it.
    static func ready(slots: Int = 10) -> NodeBench {
        var bench = NodeBench(slots: slots)
        bench.read([])
        bench.look()
        bench.forgetActions()
        return bench
    }

    static func assignment(
        _ number: Int64, _ wanted: Intent.Wanted = .run, epoch: Int64 = 1, state: VMState = .stopped
    ) -> Assignment {
        let other = MachineBench.assignment(wanted, epoch: epoch, state: state)
        let row = VirtualMachine(
            id: VMID(number), name: "vm\(number)", user: UserID(1), osf: OSFID(1), tag: "default",
            address: IPv4Address(bits: 0x0a03_0f00 + UInt32(number)), intent: other.vm.intent,
            observation: other.vm.observation)
        return Assignment(vm: row, login: "ann", osf: other.osf, images: other.images)
    }

    static func tap(_ number: Int64, farm: FarmID = farm, node: NodeID = node) -> TapName {
        TapName(farm: farm, node: node, vm: VMID(number))
    }

    static func domain(_ number: Int64, epoch: Int64 = 1, state: ObservedDomain.State = .running)
        -> ObservedDomain
    {
        let owner = Ownership(farm: farm, node: node, vm: VMID(number), epoch: Epoch(epoch))
        return ObservedDomain(name: DomainName(farm: farm, vm: VMID(number)), owner: owner, state: state)
    }

    mutating func send(_ event: NodeEvent) {
        now = now.advanced(by: .milliseconds(1))
        actions += machine.receive(event, at: now, wall: wall)
    }

    mutating func pass(_ time: Duration) {
        now = now.advanced(by: time)
        send(.tick)
    }

    /// The reading that is out comes back; the rows are those of the assignments and of `others`.
    mutating func read(_ assignments: [Assignment], others: [Int64] = [], abandoned: [Int64] = []) {
        let known = (assignments.map(\.vm.id) + others.map { VMID($0) }).sorted()
        let reading = NodeEvent.assignments(assignments, abandoned: abandoned.map { VMID($0) }, known: known)
        lastReading = reading
        send(reading)
    }

    /// The store is read again, because somebody changed it.
    mutating func readAgain(_ assignments: [Assignment], others: [Int64] = [], abandoned: [Int64] = []) {
        send(.storeChanged)
        read(assignments, others: others, abandoned: abandoned)
    }

    /// The look that is out comes back.
    mutating func look(_ change: (inout NodeView) -> Void = { _ in }) {
        var view = NodeView()
        change(&view)
        send(.looked(view))
    }

    /// Waits until the next look is due, and answers it; readings meanwhile bring what the last one brought.
    mutating func lookAgain(_ change: (inout NodeView) -> Void = { _ in }) {
        while machine.isLooking == false {
            now = max(now, machine.deadline ?? now)
            send(.tick)
            if machine.isReading, let lastReading { send(lastReading) }
        }
        look(change)
    }

    /// Answers the effect of the VM that is out.
    mutating func answer(_ number: Int64, _ outcome: PortOutcome = .done) {
        guard let id = machine.machines[VMID(number)]?.outstanding?.id else {
            return XCTFail("nothing is out")
        }
        send(.finished(id, outcome))
    }

    mutating func runCompletely(_ number: Int64) {
        while machine.machines[VMID(number)]?.state != .running { answer(number) }
    }

    mutating func forgetActions() { actions = [] }

    var collected: [Leftover] { actions.compactMap { if case .collect(let what) = $0 { what } else { nil } } }
    var findings: [NodeFinding] {
        actions.compactMap { if case .report(let what) = $0 { what } else { nil } }
    }

    func effects(of number: Int64) -> [VMEffect] {
        actions.compactMap {
            if case .perform(let effect, let id, _, _) = $0, id.vm == VMID(number) { effect } else { nil }
        }
    }

    func records(of number: Int64) -> [Observation] {
        actions.compactMap { if case .record(let seen, VMID(number), _) = $0 { seen } else { nil } }
    }
}
