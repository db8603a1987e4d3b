/// A rule of the simulated world broken on purpose. Each must be caught by the invariant it is named in the test with.
package enum Mutation: String, Sendable, Hashable, CaseIterable {
    /// The hypervisor starts a second domain of the same VM.
    case startsTwoDomains
    /// Every other node starts a domain of the VM too.
    case startsElsewhereToo
    /// DHCP offers one address to everybody.
    case offersOneAddressToAll
    /// The bridge lets every frame pass.
    case passesEveryFrame
    /// A client's connection leads to another VM's desktop.
    case crossesConnections
    /// An emulator dies and nobody is told, not even by `observe`.
    case hidesDeadDomains
    /// The store forgets a write it acknowledged.
    case losesWrites
    /// The store acknowledges changes of users, counts them, and takes them back.
    case undoesUpdates
    /// A user disk that exists is made anew.
    case remakesUserDisks
    /// An overlay that is to be kept is made anew.
    case remakesOverlays
    /// A start writes to the base image.
    case writesBaseImages
    /// Removed taps stay, and are not listed.
    case keepsTaps
    /// The filter leaves out the first rule it is given.
    case forgetsRules
    /// The filter writes nothing, and says that it did.
    case writesNoRules
    /// The store announces a change every millisecond.
    case repeatsEvents
    /// HKD's process asks for its bridge again and again, without a pause.
    case asksWithoutPause
    /// Domains go on whatever is asked of them, and the answer is that they ended.
    case ignoresDestroy
    /// HKD, told to end, takes the desktops along.
    case endsDesktops
    /// HKD, told to end, does not say so in the store.
    case leavesWithoutAWord
    /// HKD, told to end, stays.
    case staysWhenTold
    /// The router does not hear that a user was blocked.
    case forgetsBlocks
    /// The router does not hear that its node was blocked.
    case forgetsNodeBlocks
    /// The router does not hear that a VM was blocked.
    case forgetsVMBlocks
    /// HKD takes one slot more than the farm gives it.
    case takesOneSlotMore
    /// Answers to clients get lost.
    case swallowsAnswers
    /// The first user's password is never right.
    case refusesOneUser
    /// Every user's list shows everybody's VMs.
    case listsEveryVM
}
