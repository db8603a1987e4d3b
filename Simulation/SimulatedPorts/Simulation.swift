package import FarmModel
import FarmPorts
package import Simulator

/// One simulated run: what all its hosts, processes and people share.
///
/// How to use it (see `PortSet` for the ports of a process):
/// ```
/// let simulation = Simulation(seed: 7)
/// let host = SimulatedHost(simulation: simulation, node: NodeID(1), ...)
/// let hkd = simulation.begin(.houseKeeper, on: NodeID(1))        // an incarnation
/// let ports = PortSet(host: host, incarnation: hkd)
/// hkd.start { await houseKeeper(ports).run() }
/// simulation.executor.run(until: 60_000_000_000)
/// simulation.kill(hkd)                                            // its ports change nothing from here on
/// ```
package final class Simulation: Sendable {
    package let seed: UInt64
    private let draw: UInt64
    package let executor: SimulationExecutor
    private let state: Confined<State>

    private struct State {
        var trace: Trace
        var outcome = OutcomeDigest()
        var faults: FaultBoard
        var guests: SplitMix64
        var changes = WorldChanges()
        var portCalls = 0
        var acknowledgedRevision: Int64 = 0
        var incarnations = 0
        var lives: [String: Int] = [:]
        var scheduledKills: [UInt16: ScheduledKill] = [:]
        var mutation: Mutation?
        var leavesOutPolls = true
        var coverage: [CoverageMark: Int] = [:]
        var sources: [String] = ["world"]
        /// What became of the newest report of each VM, if it did not simply work.
        var reportFates: [Int64: ReportFate] = [:]
        /// By the source number of the life whose work is watched.
        var heavyWork: [UInt16: HeavyWork] = [:]
        /// By the source number of the life whose file calls hang.
        var stuckCalls: [UInt16: StuckCalls] = [:]
    }

    /// A process that dies after so many more steps.
    private struct ScheduledKill {
        var steps: Int
        var act: (_ during: PortOperation) -> Void
    }

    /// - Parameter draw: another number draws anew what no plan decides, and nothing should hang on: how long readings
    ///   take, and which of the tasks that are ready goes on first.
    package init(
        seed: UInt64, detail: Trace.Detail = .digest, pick: SimulationExecutor.Pick = .random, draw: UInt64 = 0
    ) {
        self.seed = seed
        self.draw = draw
        executor = SimulationExecutor(seed: seed ^ draw << 32, pick: pick)
        state = Confined(
            State(
                trace: Trace(detail: detail), faults: FaultBoard(seed: seed),
                guests: SplitMix64(seed: seed, stream: .guests)))
    }

    /// Nanoseconds of virtual time.
    package var now: Int64 { executor.now }
    package var trace: Trace { state.value.trace }
    /// What came of it so far, whatever its timing.
    package var outcome: OutcomeDigest { state.value.outcome }
    package var portCalls: Int { state.value.portCalls }
    /// The names of trace sources, by number.
    package var sources: [String] { state.value.sources }

    /// A rule of the world broken on purpose, to see that a checker notices.
    package var mutation: Mutation? {
        get { state.value.mutation }
        set { state.value.mutation = newValue }
    }

    /// The store's newest revision that anybody was told of.
    package var acknowledgedRevision: Int64 { state.value.acknowledgedRevision }

    func acknowledged(revision: Int64) {
        state.value.acknowledgedRevision = max(state.value.acknowledgedRevision, revision)
    }

    /// Notes that something of the outside world changed, for those who look after each event.
    ///
    /// - Parameter vm: of which alone; nil for all, or for nobody knows which.
    package func changed(_ aspects: Aspects, of vm: VMID? = nil) { state.value.changes.add(aspects, of: vm) }

    /// Notes that the store was written.
    func wrote(_ write: StoreWrite) { state.value.changes.add(write) }

    /// What changed since the last call; nil for nothing.
    package func takeChanges() -> WorldChanges? { state.value.changes.take() }

    /// How often domains changed so far.
    package var domainChanges: Int { state.value.changes.ofDomains }

    /// Whether polls that would find nothing new are left out; nothing else comes of that.
    package var leavesOutPolls: Bool {
        get { state.value.leavesOutPolls }
        set { state.value.leavesOutPolls = newValue }
    }

    /// How often anything changed that these polls may find.
    func newsCount(for subject: PollSubject) -> Int {
        let changes = state.value.changes
        return switch subject {
        case .sessions: changes.ofStore - changes.ofAssignments
        case .desktop: changes.ofStore
        case .assignments: changes.ofStore + changes.ofNodes
        case .node: changes.ofStore - changes.ofSessions - changes.ofReports + changes.ofNodes
        }
    }

    func hasScheduledKill(_ life: Incarnation) -> Bool { state.value.scheduledKills[life.source] != nil }

    /// What happened so far, and how often.
    package var coverage: [CoverageMark: Int] { state.value.coverage }

    package func mark(_ what: CoverageMark) { state.value.coverage[what, default: 0] += 1 }

    /// How the newest report of a VM fared.
    func reportMet(_ failure: FailureMode?, vm: Int64) { state.value.reportFates[vm] = failure.map(ReportFate.init) }

    /// A command about a VM takes effect, or is refused.
    func commanded(_ command: VMCommand, _ vm: VMID) {
        if let fate = state.value.reportFates[vm.rawValue] { mark(.commandMet(command, fate)) }
    }

    package func withFaults<Result>(_ body: (inout FaultBoard) -> Result) -> Result { body(&state.value.faults) }

    // MARK: Processes

    /// Begins a life of a process.
    package func begin(_ kind: ProcessKind, on node: NodeID) -> Incarnation {
        let name = "node-\(node)/\(kind == .houseKeeper ? "hkd" : "l7r")"
        return begin(named: name)
    }

    /// Begins a life of any other process: an administrator's command, for instance.
    package func begin(named name: String) -> Incarnation {
        let life = state.value.lives[name, default: 0] + 1
        state.value.lives[name] = life
        state.value.sources.append("\(name)#\(life)")
        let source = UInt16(truncatingIfNeeded: state.value.sources.count - 1)
        note(.processStarted, source: source, value: Int64(life), words: "\(name)#\(life) starts")
        return Incarnation(process: name, source: source, number: life, simulation: executor)
    }

    package func kill(_ incarnation: Incarnation) {
        guard incarnation.isAlive else { return }
        state.value.scheduledKills[incarnation.source] = nil
        note(.processKilled, source: incarnation.source, words: "\(incarnation.name) is killed")
        incarnation.kill()
    }

    /// Lets `act` happen when the process has gone that many steps further: two for each port call, one before its
    /// effect and one after. `act` kills it.
    package func scheduleKill(
        _ incarnation: Incarnation, afterSteps steps: Int, _ act: @escaping (_ during: PortOperation) -> Void
    ) {
        state.value.scheduledKills[incarnation.source] = ScheduledKill(steps: steps, act: act)
    }

    /// Takes a scheduled kill back.
    package func cancelKill(_ incarnation: Incarnation) { state.value.scheduledKills[incarnation.source] = nil }

    /// One step of a process; its scheduled kill may fall here.
    func step(_ incarnation: Incarnation, in operation: PortOperation) {
        guard let planned = state.value.scheduledKills[incarnation.source] else { return }
        if planned.steps > 0 {
            state.value.scheduledKills[incarnation.source]?.steps -= 1
        } else {
            state.value.scheduledKills[incarnation.source] = nil
            planned.act(operation)
        }
    }

    // MARK: Heavy work

    /// Watches how many VMs a life of HKD starts or shuts down at once.
    ///
    /// - Parameter stepLimit: how long it gives one step of a start, in nanoseconds.
    package func watchHeavyWork(of life: Incarnation, stepLimit: Int64) {
        state.value.heavyWork[life.source] = HeavyWork(stepLimit: stepLimit)
        life.onDeath { [state] in state.value.heavyWork[life.source] = nil }
    }

    /// The most VMs that this life has started or shut down at once, since the last call.
    package func takeMostHeavyWork(of life: Incarnation) -> Int {
        state.value.heavyWork[life.source]?.takeMost() ?? 0
    }

    func called(_ operation: PortOperation, vm: Int64, by life: Incarnation) {
        state.value.heavyWork[life.source]?.called(operation, vm: vm, now: now)
    }

    func returned(_ operation: PortOperation, vm: Int64, by life: Incarnation, isFailure: Bool) {
        state.value.heavyWork[life.source]?.returned(operation, vm: vm, isFailure: isFailure)
    }

    /// The agent of a VM has answered this life of HKD.
    func agentAnswered(_ vm: VMID, _ life: Incarnation) {
        state.value.heavyWork[life.source]?.answered(vm: vm.rawValue)
    }

    // MARK: File calls that hang

    func refusal(of subject: StuckCalls.Subject, by life: Incarnation) -> StuckCalls.Refusal? {
        state.value.stuckCalls[life.source]?.refusal(of: subject)
    }

    func hang(_ subject: StuckCalls.Subject, of life: Incarnation) {
        state.value.stuckCalls[life.source, default: StuckCalls()].hang(subject)
    }

    /// - Returns: false when it does not hang any more.
    func comeLoose(_ subject: StuckCalls.Subject, of life: Incarnation) -> Bool {
        state.value.stuckCalls[life.source]?.comeLoose(subject) ?? false
    }

    /// The storage is back: what hung comes loose and has not been done.
    package func freeStuckCalls() { state.value.stuckCalls = [:] }

    // MARK: Chance and trace

    /// How long a call takes: drawn from who calls what about which VM and when, so that it does not depend on how many
    /// calls were made before.
    func latency(of operation: PortOperation, vm: Int64, by life: Incarnation) -> Int64 {
        let call = UInt64(life.source) << 48 ^ UInt64(operation.rawValue) << 32 ^ UInt64(bitPattern: vm)
        var dice = SplitMix64(
            seed: seed ^ call &* 0x9e6c_63d0_876a_68ee ^ (operation.isReading ? draw : 0), stream: .latency,
            number: UInt64(bitPattern: now))
        return dice.within(operation.latency)
    }
    func guestTime(_ range: ClosedRange<Int64>) -> Int64 { state.value.guests.within(range) }
    func guestChance(perMille: Int) -> Bool { state.value.guests.chance(perMille: perMille) }
    func countCall() { state.value.portCalls += 1 }

    /// A call that has ended, in the outcome: it is noted in the trace apart.
    func concluded(_ operation: PortOperation, vm: Int64, outcome: UInt32) {
        state.value.outcome.add(operation, vm: vm, outcome: outcome)
    }

    /// What a client was answered, or how its session ended.
    func answered(_ answer: String, to peer: String) { state.value.outcome.add(answer: answer, to: peer) }

    package func note(
        _ kind: TraceKind, source: UInt16 = 0, outcome: UInt32 = 0, subject: Int64 = 0, value: Int64 = 0,
        words: @autoclosure () -> String
    ) {
        // Said before the trace is touched: the words may ask this very state.
        let text = state.value.trace.detail == .words ? words() : ""
        state.value.trace.append(
            TraceEntry(
                at: now, kind: kind.rawValue, source: source, outcome: outcome, subject: subject, value: value),
            words: text)
    }
}

/// Parts of the simulated outside world, for checkers that look only at what moved.
package struct Aspects: OptionSet, Sendable {
    package let rawValue: Int
    package init(rawValue: Int) { self.rawValue = rawValue }

    package static let domains = Aspects(rawValue: 1)
    package static let network = Aspects(rawValue: 2)
    package static let disks = Aspects(rawValue: 4)
    package static let sessions = Aspects(rawValue: 8)
    package static let store = Aspects(rawValue: 16)
    /// Definitions of domains, secrets, reservations: what only the daemons look at.
    package static let definitions = Aspects(rawValue: 32)
    package static let node: Aspects = [.domains, .network, .disks, .definitions]
    package static let everything: Aspects = [.node, .sessions, .store]
}

/// What changed of the outside world in an event.
package struct WorldChanges: Sendable {
    package private(set) var aspects: Aspects = []
    /// The aspects of which other VMs than `vms` may have changed too.
    package private(set) var wholly: Aspects = []
    package private(set) var vms: [VMID] = []
    /// How often domains changed, ever; how often the store did, and what a look at a node finds.
    private(set) var ofDomains = 0
    private(set) var ofStore = 0
    private(set) var ofNodes = 0
    /// How often the store changed in what some polls do not ask for: see `StoreWrite`.
    private(set) var ofSessions = 0
    private(set) var ofAssignments = 0
    private(set) var ofReports = 0

    mutating func add(_ aspects: Aspects, of vm: VMID?) {
        guard !aspects.isEmpty else { return }
        self.aspects.formUnion(aspects)
        if aspects.contains(.domains) { ofDomains += 1 }
        if aspects.contains(.store) { ofStore += 1 }
        if !aspects.isDisjoint(with: .node) { ofNodes += 1 }
        if let vm {
            if vms.last != vm { vms.append(vm) }
        } else {
            wholly.formUnion(aspects)
        }
    }

    mutating func add(_ write: StoreWrite) {
        add(.store, of: nil)
        switch write {
        case .session: ofSessions += 1
        case .report:
            ofReports += 1
            ofAssignments += 1
        case .assignment: ofAssignments += 1
        case .other: break
        }
    }

    mutating func take() -> WorldChanges? {
        guard !aspects.isEmpty else { return nil }
        defer {
            aspects = []
            wholly = []
            vms.removeAll(keepingCapacity: true)
        }
        return self
    }
}

/// What a write to the store may have changed.
enum StoreWrite: Sendable {
    /// Sessions alone: no node asks for them.
    case session
    /// What a node has found out about a VM: no other node's work depends on it, nor its own looks, nor any session.
    case report
    /// Where a VM runs: no session depends on it.
    case assignment
    case other

    init(_ operation: PortOperation) {
        switch operation {
        case .storeReport: self = .report
        case .storeBegin, .storeRelease: self = .assignment
        default: self = .other
        }
    }
}

/// What an entry of the trace is about. Port calls have the number of their operation, which is none of these.
package struct TraceKind: RawRepresentable, Sendable, Hashable {
    package let rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }
    package init(_ operation: PortOperation) { rawValue = operation.rawValue }

    package static let processStarted = TraceKind(rawValue: 100)
    package static let processKilled = TraceKind(rawValue: 101)
    package static let domainStarted = TraceKind(rawValue: 110)
    package static let domainStopped = TraceKind(rawValue: 111)
    package static let guest = TraceKind(rawValue: 112)
    package static let frame = TraceKind(rawValue: 113)
    package static let fault = TraceKind(rawValue: 120)
    package static let user = TraceKind(rawValue: 130)
    package static let administrator = TraceKind(rawValue: 131)
    package static let world = TraceKind(rawValue: 140)
}
