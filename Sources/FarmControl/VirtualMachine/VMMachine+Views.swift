package import FarmModel

/// What others may know of a VM: the node's machine, the store's row, people.
extension VMMachine {
    var phase: VMPhase { progress.phase }
    package var deadline: Instant? { progress.deadline }
    /// What the present start was made from.
    package var plan: StartPlan? { assignment.plan }
    package var isIdle: Bool { phase == .idle }

    /// Its agent answered the last question, and is asked again with all others of the node.
    var awaitsSweep: Bool { phase == .running && progress.outstanding == nil && deadline == nil }

    /// Nil while the VM is none of this node's business.
    package var report: VMReport? {
        guard let plan, phase != .idle else { return nil }
        return VMReport(
            state: state, detail: detail, failure: assignment.failure ?? retries.trouble, image: plan.image?.id)
    }

    package var state: VMState {
        switch phase {
        case .idle: .stopped
        case .building where assignment.isAdopted: assignment.wasRunning ? .running : .starting
        case .waitingForSlot, .beginning, .waitingForStore, .building, .booting: .starting
        case .running: .running
        case .debugging: .debugging
        case .undoing where retries.undoings > 0: .zombie
        case .waitingToStop, .askingPowerOff, .askingShutdown, .undoing, .releasing: .stopping
        case .zombie: .zombie
        }
    }

    private var detail: VMDetail {
        switch phase {
        case .idle, .running: .nothing
        case .waitingForSlot, .waitingToStop: .waitingForSlot
        case .beginning, .releasing: .tellingStore
        case .waitingForStore: .storeRefuses(retries.trouble)
        case .building(let step): .building(step, retries.trouble)
        case .booting: .waitingForAgent
        case .debugging: .keptForInspection
        case .askingPowerOff: .askedToPowerOff
        case .askingShutdown: .askedToShutDown
        case .undoing(let step): .removing(step, triesBefore: retries.undoings)
        case .zombie(let step):
            progress.outstanding == nil ? .notRemoved(step, tries: retries.undoings) : .noAnswer(step)
        }
    }

    /// The row is gone, or older than the desktop, which runs on.
    package var isKeptWithoutRow: Bool {
        guard assignment.ownership == .rowGone else { return false }
        if case .building = phase { return assignment.isAdopted }
        return phase.hasAgent
    }

    /// A domain may be live, so its tap must have its rules; a look that began before that says nothing of them.
    func needsFilter(asOf look: Instant) -> Bool {
        !domain.isNewer(thanLook: look) && phase.needsFilter(isAdopted: assignment.isAdopted)
    }

    /// Whether a look that sees this brings nothing new: the domain of the present start is live, and may be.
    func expects(_ sight: DomainSight) -> Bool {
        sight.isLive && phase.hasAgent && !assignment.mustEndNow && sight.epoch == plan?.epoch
    }

    /// Whether a live domain of this epoch is unknown to this machine: nobody works on the VM, and no start of that
    /// epoch was given back. A look from before that shows the domain of such a start.
    func isNews(_ epoch: Epoch) -> Bool { isIdle && !assignment.isOver(epoch) }
}
