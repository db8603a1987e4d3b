/// Something that a run must have met for its rules to mean anything, counted where it happened and not where it was
/// planned: a fault that found nothing to break does not count.
package enum CoverageMark: Hashable, Sendable {
    /// A call took longer than usual, gave no answer in time, or failed.
    case slow(PortName)
    case hung(PortName)
    case failed(PortName, FailureMode)
    case eventLost
    case eventDoubled
    case eventLate
    case noticeLost
    case noticeLate
    case diskWasFull
    case imageWasMissing
    case imageWasCorrupt
    case agentWasSilent
    case emulatorWasFrozen
    case guestHung
    /// A fault of one moment found what it breaks; the fault's word in scenario files.
    case injected(String)
    /// A process was killed by chance of time...
    case killed(ProcessKind)
    /// ...or at a step of this call.
    case killedDuring(ProcessKind, PortOperation)
    case terminated(ProcessKind)
    case frozen(ProcessKind)
    /// What a user or an administrator did; the step's word in scenario files.
    case user(String)
    case administrator(String)
    /// A user asks for a desktop that they see already from another client.
    case tookOver
    /// A user asks for a desktop again after an earlier session in it.
    case reconnected
    /// A client went silent while it saw its desktop.
    case vanishedWhileConnected
    /// A client left while it still waited.
    case leftWhileWaiting
    /// A user asks for somebody else's VM.
    case askedForForeignVM
    /// A VM was to start, and no node had room for it.
    case foundNoRoom
    /// HKD died while a desktop ran, and found it again.
    case adopted
    /// A command about a VM came while the newest report of its state had failed, was late, lost, or came twice.
    case commandMet(VMCommand, ReportFate)

    package var text: String {
        switch self {
        case .slow(let port): "slow \(port.text)"
        case .hung(let port): "hung \(port.text)"
        case .failed(let port, let mode): "failed \(port.text) \(mode.rawValue)"
        case .eventLost: "event lost"
        case .eventDoubled: "event doubled"
        case .eventLate: "event late"
        case .noticeLost: "notice lost"
        case .noticeLate: "notice late"
        case .diskWasFull: "disk was full"
        case .imageWasMissing: "image was missing"
        case .imageWasCorrupt: "image was corrupt"
        case .agentWasSilent: "agent was silent"
        case .emulatorWasFrozen: "emulator was frozen"
        case .guestHung: "guest hung"
        case .injected(let word): word
        case .killed(let process): "killed \(process.text)"
        case .killedDuring(let process, let operation): "killed \(process.text) during \(operation)"
        case .terminated(let process): "terminated \(process.text)"
        case .frozen(let process): "froze \(process.text)"
        case .user(let word): "user: \(word)"
        case .administrator(let word): "administrator: \(word)"
        case .tookOver: "took over"
        case .reconnected: "reconnected"
        case .vanishedWhileConnected: "vanished while connected"
        case .leftWhileWaiting: "left while waiting"
        case .askedForForeignVM: "asked for a foreign VM"
        case .foundNoRoom: "a start found no node with room"
        case .adopted: "desktop adopted by the next HKD"
        case .commandMet(let command, let fate): "\(command.rawValue) while the newest report \(fate.rawValue)"
        }
    }

    /// What a soak that deserves the name has met: everything but the kills during single calls.
    package static let wanted: [CoverageMark] =
        PortName.allCases.flatMap { port in
            [.slow(port), .hung(port)] + FailureMode.modes(of: port).map { .failed(port, $0) }
        } + [
            .eventLost, .eventDoubled, .eventLate, .noticeLost, .noticeLate, .diskWasFull, .imageWasMissing,
            .imageWasCorrupt, .agentWasSilent,
            .emulatorWasFrozen, .guestHung, .tookOver, .reconnected, .vanishedWhileConnected, .leftWhileWaiting,
            .askedForForeignVM, .adopted, .foundNoRoom,
        ] + ProcessKind.allCases.flatMap { [.killed($0), .terminated($0), .frozen($0)] }
        + VMCommand.allCases.flatMap { command in ReportFate.allCases.map { .commandMet(command, $0) } }
        + momentary.map { .injected($0) } + users.map { .user($0) } + administrators.map { .administrator($0) }

    /// What happens at one moment: the others have marks where they are met.
    private static let momentary =
        VMFate.allCases.filter { $0 != .agentSilent }.map(\.rawValue) + ImageFate.allCases.map(\.rawValue)
        + NodeFate.allCases.filter { $0 != .diskFull }.map(\.rawValue)
    private static let users = [
        "connect", "connect-with-wrong-password", "list", "disconnect", "vanish", "stop-vm",
    ]
    private static let administrators = [
        "start", "stop", "block", "unblock", "delete", "tag", "add-image", "block-user", "unblock-user", "add-vm",
        "block-node", "unblock-node", "drain", "resume",
    ]
}

/// What people ask of a VM, for coverage marks.
package enum VMCommand: String, Hashable, Sendable, CaseIterable { case start, stop, block, delete }

/// What became of a report of a VM's state on its way to the store.
package enum ReportFate: String, Hashable, Sendable, CaseIterable {
    case failed = "had failed"
    case late = "was late"
    case lost = "was lost"
    case twice = "came twice"

    init(_ failure: FailureMode) {
        switch failure {
        case .rejected, .unreachable: self = .failed
        case .lostAnswer, .lostRequest, .half, .truncated: self = .lost
        case .late: self = .late
        case .twice: self = .twice
        }
    }
}
