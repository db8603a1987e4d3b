package import FarmModel

/// What a VM's machine says of the VM: for the store's row and for people.
package struct VMReport: Sendable, Hashable {
    package let state: VMState
    package let detail: VMDetail
    /// Why the VM could not be started or kept, or why the present step has to be tried again.
    package let failure: VMFailure?
    package let image: ImageID?
}

/// What is being done to a VM, or waited for.
package enum VMDetail: Sendable, Hashable {
    case nothing
    case waitingForSlot
    case tellingStore
    /// The store does not take the begin of the start, for the reason given.
    case storeRefuses(VMFailure?)
    /// A step of the start is made, for the second time or more because of the trouble given.
    case building(StartStep, VMFailure?)
    case waitingForAgent
    case keptForInspection
    case askedToPowerOff
    case askedToShutDown
    /// `triesBefore`: how often it was tried before.
    case removing(StartStep, triesBefore: Int)
    case notRemoved(StartStep, tries: Int)
    /// The node has not said what became of the step.
    case noAnswer(StartStep)
}

/// Why something about a VM did not succeed.
package enum VMFailure: Sendable, Hashable {
    /// In the words of an adapter or of the store.
    case reported(String)
    case noImage(ImageChoiceFailure)
    /// An effect was not answered within this limit.
    case nodeSilent(Duration)
    /// The agent did not answer within this limit of the domain's start, and what the last try said.
    case neverAnswered(Duration, lastTry: String?)
    /// The agent has not answered for so long, in whole seconds, and what the last try said.
    case agentSilent(Duration, lastTry: String?)
    /// The domain died so many times.
    case diesAgain(times: Int)
    /// The store answered a begin with something that is no answer to it.
    case notAnAnswer
    case storeSilent
}
