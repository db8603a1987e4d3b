import FarmModel
import XCTest

@testable import FarmControl

/// What the looks at a node's sources find.
struct FoundOnNode {
    var domains: [ObservedDomain] = []
    var taps: [ObservedTap] = []
    var filters: [ObservedFilter] = []
    var secrets: [VMID] = []
    var overlays: [VMID] = []

    func inventory(of source: NodeSource) -> SourceInventory {
        switch source {
        case .hypervisor: .domains(domains)
        case .network: .taps(taps)
        case .filter: .filters(filters)
        case .secrets: .secrets(secrets)
        case .disks: .overlays(overlays)
        }
    }
}

/// Drives one node's machine by hand.
struct NodeBench {
    static let farm = FarmID(bits: 0x00beef)
    static let node = NodeID(2)

    var machine: NodeMachine
    var now = Instant(nanoseconds: 1_000_000_000)
    var wall = WallTime(seconds: 100)
    private var polls: NodePolls
    private(set) var actions: [NodeAction] = []
    private var lastReading: (assignments: [Assignment], others: [Int64], abandoned: [Int64])?
    /// Rows of VMs that are on no node, besides those of `others`.
    private var freeRows: [Assignment] = []
    /// What the reading that is out, or was last, asked about.
    private(set) var asked: [VMID] = []
    /// What the store says of the node itself.
    var nodeState = NodeState.running
    var isDraining = false
    var turns = Turns()

    init(slots: Int = 10) {
        var policy = NodePolicy()
        policy.heavyMax = slots
        machine = NodeMachine(farm: Self.farm, node: Self.node, policy: policy)
        polls = NodePolls(policy, from: now)
        actions = machine.receive(.started, at: now, wall: WallTime(seconds: 0))
    }

    /// A node that serves, with nothing assigned and nothing on it.
    static func ready(slots: Int = 10) -> NodeBench {
        var bench = NodeBench(slots: slots)
        bench.read([])
        bench.look()
        bench.send(.runningReported(true))
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

    /// The row of a VM that is on no node.
    static func freeRow(_ number: Int64, epoch: Int64 = 0) -> Assignment {
        var row = assignment(number, .stop)
        row.vm.intent = Intent(epoch: Epoch(epoch))
        return row
    }

    static func tap(_ number: Int64, farm: FarmID = farm, node: NodeID = node) -> TapName {
        TapName(farm: farm, node: node, vm: VMID(number))
    }

    static func domain(_ number: Int64, epoch: Int64 = 1, state: ObservedDomain.State = .running)
        -> ObservedDomain
    {
        let owner = DomainOwner(farm: farm, node: node, vm: VMID(number), epoch: Epoch(epoch))
        return ObservedDomain(name: DomainName(farm: farm, vm: VMID(number)), owner: owner, state: state)
    }

    mutating func send(_ event: NodeEvent) {
        now = now.advanced(by: .milliseconds(1))
        var new: [NodeAction] = []
        if event == .tick {
            for poll in polls.take(at: now) { new += machine.receive(poll, at: now, wall: wall) }
        }
        new += machine.receive(event, at: now, wall: wall)
        for case .readStore(let vms, _) in new { asked = vms }
        actions += new
    }

    /// When something is due: of the machine's or a poll.
    var deadline: Instant { min(machine.deadline ?? polls.next, polls.next) }

    mutating func pass(_ time: Duration) {
        now = now.advanced(by: time)
        send(.tick)
    }

    /// The reading that is out comes back; the rows are those of the assignments and of `others`.
    ///
    /// - Parameter number: of the reading; nil for the one that is out.
    mutating func read(
        _ assignments: [Assignment], others: [Int64] = [], abandoned: [Int64] = [], number: Int64? = nil
    ) {
        let free = freeRows + others.map { Self.freeRow($0) }
        var state = DesiredState(
            node: Node(
                id: Self.node, name: "node", address: IPv4Address(bits: 0x0a03_0002), isDraining: isDraining,
                state: nodeState),
            assignments: assignments, elsewhere: free.filter { asked.contains($0.vm.id) },
            abandoned: abandoned.map { VMID($0) })
        state.asked = Set(asked)
        lastReading = (assignments, others, abandoned)
        send(.read(state, number: number ?? machine.rowWords.question.number))
    }

    /// Reads again that these user disks are to be deleted.
    mutating func readAgain(deletions: [UserDiskID], _ assignments: [Assignment] = []) {
        send(.storeChanged)
        var state = DesiredState(
            node: Node(id: Self.node, name: "node", address: IPv4Address(bits: 0x0a03_0002), state: nodeState),
            assignments: assignments, diskDeletions: deletions)
        state.asked = Set(asked)
        send(.read(state, number: machine.rowWords.question.number))
    }

    /// The store is read again, because somebody changed it.
    mutating func readAgain(
        _ assignments: [Assignment], others: [Int64] = [], abandoned: [Int64] = [], freeRows: [Assignment] = []
    ) {
        self.freeRows = freeRows
        send(.storeChanged)
        read(assignments, others: others, abandoned: abandoned)
    }

    /// The looks that are out come back.
    mutating func look(except hung: NodeSource? = nil, _ change: (inout FoundOnNode) -> Void = { _ in }) {
        var found = FoundOnNode()
        change(&found)
        for source in NodeSource.allCases where source != hung && machine.inventory[source].isOut {
            send(.looked(found.inventory(of: source), number: machine.inventory[source].number))
        }
    }

    mutating func passToDeadline() {
        now = max(now, deadline)
        send(.tick)
    }

    /// Passes until a look at the hypervisor was given up and the next was asked.
    ///
    /// - Returns: the number of the one that was given up.
    mutating func overtakenLook() -> Int64 {
        while !machine.inventory[.hypervisor].isOut, turns.go() { passToDeadline() }
        let number = machine.inventory[.hypervisor].number
        while machine.inventory[.hypervisor].number == number, turns.go() { passToDeadline() }
        return number
    }

    /// Whatever is asked fails.
    mutating func failAll(_ words: String) {
        let reading = machine.rowWords.question
        if reading.isOut { send(.readFailed(words, number: reading.number)) }
        for source in NodeSource.allCases where machine.inventory[source].isOut {
            send(.lookFailed(source, words, number: machine.inventory[source].number))
        }
    }

    /// Waits until the next look at each source is due, and answers them.
    ///
    /// - Parameter readings: answered meanwhile, with what the last one brought.
    mutating func lookAgain(
        except hung: NodeSource? = nil, readings: Bool = true, _ change: (inout FoundOnNode) -> Void = { _ in }
    ) {
        while NodeSource.allCases.contains(where: { !machine.inventory[$0].isOut }), turns.go() {
            now = max(now, deadline)
            send(.tick)
            if readings, machine.rowWords.question.isOut, let last = lastReading {
                read(last.assignments, others: last.others, abandoned: last.abandoned)
            }
        }
        look(except: hung, change)
    }

    /// Answers the effect of the VM that is out.
    mutating func answer(_ number: Int64, _ outcome: PortOutcome = .done) {
        guard let out = machine.vms[VMID(number)], let id = out.progress.outstanding?.id, let plan = out.plan else {
            turns.giveUp()
            return XCTFail("nothing is out")
        }
        if out.progress.outstanding?.effect == .begin {
            send(.began(id, .begun(plan.epoch, MachineBench.secret)))
        } else {
            send(.finished(id, outcome))
        }
    }

    /// The store answers that the VM's start is begun.
    mutating func begin(_ number: Int64) { answer(number) }

    mutating func runCompletely(_ number: Int64) {
        while machine.vms[VMID(number)]?.state != .running, turns.go() { answer(number) }
    }

    mutating func forgetActions() { actions = [] }

    var collected: [Leftover] { actions.compactMap { if case .collect(let what) = $0 { what } else { nil } } }
    var findings: [NodeFinding] {
        actions.compactMap { if case .announce(let what) = $0 { what } else { nil } }
    }

    func effects(of number: Int64) -> [VMEffect] {
        actions.compactMap {
            if case .perform(let effect, let id, _) = $0, id.vm == VMID(number) { effect } else { nil }
        }
    }

    func records(of number: Int64) -> [Observation] {
        actions.compactMap { if case .report(let seen, VMID(number), _) = $0 { seen } else { nil } }
    }
}
