/// Where a VM stands in its life on this node. `VMMachine` decides.
///
///        idle ◄─────────────────────────────────────────────────────────────── releasing
///          │ wanted to run                                                         ▲
///          ▼                                                                       │
///     waitingForSlot ────────────── not wanted any more ───────────────────────────┤
///          │ a slot                                                                │
///          ▼                                                                       │
///      beginning ────────── refused, or not wanted any more ───────────────────────┤
///          │ begun    (not answered: waitingForStore, then waitingForSlot again)   │
///          ▼                                                                       │ all undone, and not wanted
///     building(step) ───────────── a step failed ──────────────► undoing(step) ────┘ (wanted still: from idle anew)
///          │ all steps done                                        ▲     ▲ │
///          ▼                                                       │     │ │ failed, or not answered
///       booting ────── silent, or not wanted ──► askingShutdown ───┤     │ ▼
///          │ the agent answers                        ▲            │   zombie(step): keeps node and row,
///          ▼                                          │            │                 is tried again, slower
///   running or debugging ── not wanted ───► askingPowerOff         │
///           │                                                      │
///           └─────────── the domain is gone ───────────────────────┘
///
/// Who asks for power-off or shutdown and has no slot is in `waitingToStop` first. What was made is undone as well when
/// the domain goes in any other phase. A running desktop that falls silent goes to `debugging` where the node debugs,
/// or else to `askingShutdown`; a step that does not answer goes to `zombie`.
enum VMPhase: Sendable, Hashable {
    case idle
    case waitingForSlot
    /// The store is told that the start begins...
    case beginning
    /// ...and has not answered; it is told again at the deadline.
    case waitingForStore
    /// To be ended in this way, as soon as there is a slot.
    case waitingToStop(StopWay)
    case building(StartStep)
    case booting
    case running
    case debugging
    case askingPowerOff
    case askingShutdown
    case undoing(StartStep)
    /// Nothing can be done until the deadline, or until the effect that is out reports.
    case zombie(StartStep)
    case releasing

    /// How a domain is ended first; the stronger ways follow.
    enum StopWay: Sendable, Hashable { case powerOff, shutdown }

    /// Somebody has asked that the domain ends, or waits for a slot to ask.
    var isStopping: Bool {
        switch self {
        case .waitingToStop, .askingPowerOff, .askingShutdown: true
        case .idle, .waitingForSlot, .beginning, .waitingForStore, .building, .booting, .running, .debugging, .undoing,
            .zombie, .releasing:
            false
        }
    }

    /// The domain was made, and its agent is listened to.
    var hasAgent: Bool {
        switch self {
        case .booting, .running, .debugging: true
        case .idle, .waitingForSlot, .beginning, .waitingForStore, .waitingToStop, .building, .askingPowerOff,
            .askingShutdown, .undoing, .zombie, .releasing:
            false
        }
    }

    /// Whether a domain may be live, so that its tap must have its rules.
    ///
    /// - Parameter isAdopted: a predecessor made the domain.
    func needsFilter(isAdopted: Bool) -> Bool {
        switch self {
        case .zombie(.domain): true
        case .building(let step): isAdopted && step > .filter
        default: hasAgent || isStopping
        }
    }
}
