/// Where a VM stands in its life on this node; the diagram is at `VMMachine`.
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
