import FarmModel
import XCTest

@testable import FarmControl

/// Drives one VM's machine by hand: keeps the time, answers what is out, remembers every action.
struct MachineBench {
    static let vm = VMID(7)
    static let image = DiskImage(
        id: ImageID(3), osf: OSFID(1), file: "desk.qcow2", version: "2026-01", tags: ["2026-01", "default"])

    var machine: VMMachine
    var now = Instant(nanoseconds: 1_000_000_000)
    private(set) var actions: [VMAction] = []
    /// Whether a stop has a slot at once.
    var hasSlotsForStops = true
    var turns = Turns()

    init(_ limits: VMTimeLimits = VMTimeLimits()) { machine = VMMachine(vm: Self.vm, limits: limits) }

    static func assignment(
        _ wanted: Intent.Wanted = .run, epoch: Int64 = 1, request: Int64 = 1, state: VMState = .stopped,
        images: [DiskImage] = [image], hasBegun: Bool = false, era: Int64 = 0
    ) -> Assignment {
        let row = VirtualMachine(
            id: vm, name: "ann's desk", user: UserID(1), osf: OSFID(1), tag: "default",
            address: IPv4Address(bits: 0x0a03_0f07),
            intent: Intent(
                wanted: wanted, node: NodeID(1), epoch: Epoch(epoch, era: era), hasBegun: hasBegun, request: request),
            observation: Observation(state: state, image: image.id))
        let osf = OSFlavour(
            id: OSFID(1), tenant: TenantID(1), name: "desk", memory: Mebibytes(256),
            userDiskSize: Mebibytes(64),
            keepsOverlay: false)
        return Assignment(vm: row, login: "ann", osf: osf, images: images)
    }

    /// Sends an event a millisecond later.
    mutating func send(_ event: VMEvent) {
        now = now.advanced(by: .milliseconds(1))
        take(machine.receive(event, at: now))
    }

    private mutating func take(_ new: [VMAction]) {
        actions += new
        guard hasSlotsForStops, new.contains(.requestSlot(.stop)) else { return }
        actions.removeLast()
        actions += machine.receive(.slotGranted, at: now)
    }

    mutating func want(_ wanted: Intent.Wanted, epoch: Int64 = 1, request: Int64 = 1) {
        send(.row(.assigned(Self.assignment(wanted, epoch: epoch, request: request))))
    }

    mutating func adopt(_ assignment: Assignment, liveUnder epoch: Int64 = 1) {
        take(machine.receive(.adopted(.assigned(assignment), liveUnder: Epoch(epoch)), at: now))
    }

    /// What the store keeps for the assignment.
    static let secret = AgentSecret("5ec4e7")

    /// The epoch of the present start. The store of this bench lets it be when the start is begun, so that a test may
    /// name it before; what the next epoch does, `VirtualMachineBeginTests` say.
    private var epoch: Epoch { machine.plan?.epoch ?? .none }

    /// The store answers that the start is begun.
    ///
    /// - Parameter outcome: nil for the usual one.
    mutating func begin(_ outcome: BeginOutcome? = nil, line: UInt = #line) {
        guard let id = machine.progress.outstanding?.id, machine.progress.outstanding?.effect == .begin else {
            return XCTFail("nothing is begun", line: line)
        }
        send(.began(id, outcome ?? .begun(epoch, Self.secret)))
    }

    /// The store answers that the VM is given back.
    mutating func takeBack(line: UInt = #line) {
        guard case .release? = machine.progress.outstanding?.effect else {
            return XCTFail("nothing is given back", line: line)
        }
        answer(line: line)
    }

    /// Answers the effect that is out.
    mutating func answer(_ outcome: PortOutcome = .done, line: UInt = #line) {
        guard let out = machine.progress.outstanding else {
            turns.giveUp()
            return XCTFail("nothing is out", line: line)
        }
        switch (out.effect, outcome) {
        case (.begin, .done): send(.began(out.id, .begun(epoch, Self.secret)))
        case (.begin, _): send(.began(out.id, .unknown("no answer")))
        default: send(.finished(out.id, outcome))
        }
    }

    /// Time passes until the machine's deadline, or until the next sweep when it waits for that.
    mutating func passDeadline(line: UInt = #line) {
        if machine.awaitsSweep { return sweep() }
        guard let deadline = machine.deadline else { return XCTFail("no deadline", line: line) }
        now = max(now, deadline)
        send(.tick)
    }

    /// The next sweep comes, in which agents that have answered are asked.
    mutating func sweep() {
        now = now.advanced(by: machine.limits.pingAfterAnswer)
        send(.agentDue)
    }

    /// A look that begins and ends now.
    mutating func look(isLive: Bool, epoch: Int64 = 1, heard: StopReason? = nil) {
        now = now.advanced(by: .milliseconds(1))
        send(.observed(DomainSight(isLive: isLive, epoch: Epoch(epoch), asOf: now, stopReason: heard)))
    }

    /// Wants the VM to run, grants the slot, and answers every step before this one.
    mutating func start(upTo step: StartStep) {
        want(.run)
        send(.slotGranted)
        begin()
        while machine.progress.outstanding?.effect != .build(step), turns.go() { answer() }
    }

    mutating func startCompletely() {
        start(upTo: .domain)
        answer()
        answer()
    }

    /// Answers undoing after undoing, until nothing is undone any more.
    mutating func undoAll() {
        while case .undo? = machine.progress.outstanding?.effect, turns.go() { answer() }
    }

    mutating func forgetActions() { actions = [] }

    var effects: [VMEffect] {
        all.filter { if case .release = $0 { false } else { true } }
    }

    /// Those on the store too.
    var all: [VMEffect] { actions.compactMap { if case .perform(let effect, _, _) = $0 { effect } else { nil } } }

    /// The errors of the releases so far; a release without an error is nil.
    var releases: [String?] {
        all.compactMap { if case .release(let failure) = $0 { .some(failure?.words) } else { nil } }
    }
}
