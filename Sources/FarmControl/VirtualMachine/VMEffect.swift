package import FarmModel

/// What a start builds on the node, in this order; a failure or a stop undoes it in reverse.
///
/// Rules stand before the first frame: a tap has no carrier until the domain holds it.
package enum StartStep: Int, Sendable, Hashable, CaseIterable, Comparable {
    case disks, tap, filter, reservation, secret, domain

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    var next: StartStep? { StartStep(rawValue: rawValue + 1) }
    var previous: StartStep? { StartStep(rawValue: rawValue - 1) }
}

/// One thing the house keeper does for a VM: a short, idempotent procedure that reports one result.
package enum VMEffect: Sendable, Hashable {
    /// Tells the store that this node begins the assignment: the first step of a start, before anything on the node or
    /// its storage is touched. `.began` answers.
    case begin
    case build(StartStep)
    /// Makes what `build` made not exist. Of the domain: destroy, confirm, undefine.
    case undo(StartStep)
    case ping
    /// Asks the agent to power the guest off.
    case askPowerOff
    /// Asks the guest by ACPI.
    case askShutdown
    /// Nothing of the VM is left on the node: gives it back to the store, with why it failed, if it did.
    case release(VMFailure?)

    /// What an effect works on that changes the node, so that nothing else may be begun until it reports.
    var step: StartStep? {
        switch self {
        case .build(let step), .undo(let step): step
        case .begin, .ping, .askPowerOff, .askShutdown, .release: nil
        }
    }
}

/// Names one effect of one VM for ever, so that a late answer is known to be late.
package struct VMEffectID: Sendable, Hashable {
    package let vm: VMID
    package let number: Int64
}

/// What an effect needs to know, decided once per start.
package struct StartPlan: Sendable, Hashable {
    package var assignment: Assignment
    /// Nil only while nothing was started: an adopted VM whose image is not known.
    package var image: DiskImage?
    /// The domain ran already when the machine took it over.
    package var isAdopted = false
    /// What the VM's agent demands: the one that the store keeps for this assignment.
    package var secret: AgentSecret?
    /// With this secret the start was begun, and no answer came: it is begun with it again.
    package var triedSecret: AgentSecret?
    /// What the first step of the start has made ready; the domain is made of it.
    package var disks: PreparedDisks?

    init(assignment: Assignment, image: DiskImage?, isAdopted: Bool = false) {
        self.assignment = assignment
        self.image = image
        self.isAdopted = isAdopted
        secret = assignment.secret
    }

    package var vm: VirtualMachine { assignment.vm }
    package var epoch: Epoch { assignment.vm.intent.epoch }
    /// The command that this start carries out. It is not moved forward by later ones: whether the guest
    /// ended before or after those cannot be known, and a desktop too many is better than a start that is
    /// lost.
    package var request: Int64 { assignment.vm.intent.request }
}

package enum VMAction: Sendable, Hashable {
    case perform(VMEffect, VMEffectID, StartPlan)
    /// Destroy the domain at once, beside whatever effect is out. Nothing reports; a look says what came of it.
    case endDomain(StartPlan)
    /// Ask the node for one of its slots for heavy work; `.slotGranted` answers.
    case requestSlot(SlotUse)
    case releaseSlot
}

package enum VMEvent: Sendable, Hashable {
    /// What the store says of the VM now.
    case row(RowWord)
    /// A live domain of this epoch was found that nobody here made, of a VM with a row: it is kept or ended by whose it
    /// is. Given only to an idle machine.
    case adopted(RowWord, liveUnder: Epoch)
    case slotGranted
    case began(VMEffectID, BeginOutcome)
    case finished(VMEffectID, PortOutcome)
    /// A look at the node.
    case observed(DomainSight)
    /// An operator gave up the domain, which has no row any more.
    case givenUp
    /// It is time to ask the agents that have answered.
    case agentDue
    /// Time may have passed the deadline.
    case tick
}

/// What a look at the node said of one VM's domain.
package struct DomainSight: Sendable, Hashable {
    package var isLive: Bool
    /// The epoch it was started under, when it is live.
    package var epoch: Epoch?
    /// When the look began: it says nothing of what was done since.
    package var asOf: Instant
    /// What the hypervisor said when the domain ended; nil when nothing was heard.
    package var stopReason: StopReason?

    package init(isLive: Bool, epoch: Epoch? = nil, asOf: Instant, stopReason: StopReason? = nil) {
        self.isLive = isLive
        self.epoch = epoch
        self.asOf = asOf
        self.stopReason = stopReason
    }
}

/// What the store made of `VMEffect.begin`.
package enum BeginOutcome: Sendable, Hashable {
    /// The assignment is begun, with this secret, and goes on under this epoch.
    case begun(Epoch, AgentSecret)
    /// The assignment is over, goes on under another epoch, or the VM is to stop: nothing may be started.
    case refused
    /// It is not known whether it is begun. It is tried again, with the same secret if that is known: then beginning
    /// twice is beginning once. With another one it is refused if it was begun, and the store is read again.
    case unknown(String, tried: AgentSecret? = nil)
}

/// How an effect ended, in the words of `PortError` without the port.
package enum PortOutcome: Sendable, Hashable {
    case done
    /// Done: these are what was made.
    case prepared(PreparedDisks)
    /// An outside system is not up yet, and may be soon; nothing happened.
    case notYet(String)
    /// It did not happen; the reason is in words.
    case failed(String)
    /// It may have happened.
    case unknown(String)

    /// Nil when it was done.
    var failure: VMFailure? {
        switch self {
        case .done, .prepared: nil
        case .notYet(let words), .failed(let words), .unknown(let words): .reported(words)
        }
    }

    var isNotYet: Bool { if case .notYet = self { true } else { false } }
}
