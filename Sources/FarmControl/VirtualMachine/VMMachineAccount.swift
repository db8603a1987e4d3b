package import FarmModel

/// What others may know of a VM: the store's row, the node's rules, people.
extension VMMachine {
    /// What the store shall say of the VM.
    struct Said: Sendable, Hashable {
        var state: VMState
        var detail: String
        var error: String?
        var image: ImageID?
    }

    /// Nil while the VM is none of this node's business.
    var said: Said? {
        guard let plan, phase != .idle else { return nil }
        return Said(state: state, detail: detail, error: error ?? trouble, image: plan.image?.id)
    }

    package var state: VMState {
        switch phase {
        case .idle: .stopped
        case .building where plan?.isAdopted == true: wasRunning ? .running : .starting
        case .waitingForSlot, .beginning, .waitingForStore, .building, .booting: .starting
        case .running: .running
        case .debugging: .debugging
        case .undoing where zombieAttempts > 0: .zombie
        case .waitingToStop, .askingPowerOff, .askingShutdown, .undoing, .releasing: .stopping
        case .zombie: .zombie
        }
    }

    package var isIdle: Bool { phase == .idle }

    /// The row is gone, or older than the desktop, which runs on.
    package var isKeptWithoutRow: Bool {
        guard ownership == .rowGone else { return false }
        switch phase {
        case .booting, .running, .debugging: return true
        case .building: return plan?.isAdopted == true
        default: return false
        }
    }

    /// The row of an adopted VM said that its agent had answered.
    var wasRunning: Bool {
        guard let plan, plan.isAdopted else { return false }
        let before = plan.vm.observation.state
        return before == .running || before == .debugging
    }

    /// A domain may be live, so its tap must have its rules; a look that began before that says nothing of
    /// them.
    func needsFilter(asOf look: Instant) -> Bool {
        if let domainKnownAt, domainKnownAt >= look { return false }
        switch phase {
        case .booting, .running, .debugging, .waitingToStop, .askingPowerOff, .askingShutdown, .zombie(.domain):
            return true
        case .building(let step): return plan?.isAdopted == true && step > .filter
        case .idle, .waitingForSlot, .beginning, .waitingForStore, .undoing, .zombie, .releasing: return false
        }
    }

    private var detail: String {
        switch phase {
        case .idle, .running: ""
        case .waitingForSlot, .waitingToStop: "waiting for other VMs that are starting or stopping"
        case .beginning: "telling the store"
        case .waitingForStore: "the store does not take the start: \(trouble ?? "")"
        case .building(let step): trouble.map { "\(step.words): \($0)" } ?? step.words
        case .booting: "waiting for the agent to answer"
        case .debugging: "the agent does not answer; kept for inspection"
        case .askingPowerOff: "asked the agent to power off"
        case .askingShutdown: "asked the guest to shut down"
        case .undoing(let step): "removing the \(step.words)" + again
        case .zombie(let step):
            outstanding == nil
                ? "the \(step.words) could not be removed\(again)"
                : "the node has not answered about the \(step.words)"
        case .releasing: "telling the store"
        }
    }

    private var again: String {
        switch zombieAttempts {
        case 0: ""
        case 1: "; tried once"
        default: "; tried \(zombieAttempts) times"
        }
    }
}
