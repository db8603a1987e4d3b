package import FarmModel

package enum NodeEvent: Sendable, Hashable {
    /// The daemon begins its work.
    case started
    /// What the store wants of this node: the answer to the `readStore` of that number.
    case read(DesiredState, number: Int64)
    /// What has changed of that since the last answer, asked about these VMs.
    case readChanges(DesiredStateChanges, about: [VMID], number: Int64)
    case readFailed(String, number: Int64)
    /// What was found: the answer to the `look` of that number.
    case looked(SourceInventory, number: Int64)
    case lookFailed(NodeSource, String, number: Int64)
    case began(VMEffectID, BeginOutcome)
    case finished(VMEffectID, PortOutcome)
    case reported(VMID, ReportOutcome)
    /// The store was told that this node serves, or could not be.
    case runningReported(Bool)
    /// Removed, or not: a leftover that stays is found again by the next look.
    case collected(Leftover)
    /// Put back, or not: the next look says.
    case repaired(VMID)
    /// A user disk is deleted, or not wanted deleted any more; otherwise it is tried again.
    case deletionEnded(UserDiskID, isOver: Bool)
    case hypervisor(HypervisorEvent)
    /// Somebody may have changed the store.
    case storeChanged
    /// It is time to read the store though nobody said that it changed, or to look at the node.
    case readDue, lookDue
    /// It is time to ask the agents that have answered, all of them at once.
    case agentsDue
    /// It is time to read everything, and not only what changed.
    case readAllDue
    /// The node is to end all its VMs now. See `NodeMode.fencing`.
    case fence
    case tick
}

package enum ReportOutcome: Sendable, Hashable {
    case done
    /// Another assignment holds; the store is read again.
    case stale
    case failed
}

package enum NodeAction: Sendable, Hashable {
    /// Reads what the store wants of the node, and the rows of these VMs, of which there is something on the node.
    case readStore(about: [VMID], number: Int64)
    case look(NodeSource, number: Int64)
    case perform(VMEffect, VMEffectID, StartPlan)
    case report(Observation, of: VMID, epoch: Epoch)
    /// Destroys the domain of a VM whose assignment is over, beside an effect that does not answer.
    case endDomain(StartPlan)
    /// Puts the rules of a running VM back that somebody removed or changed.
    case repairFilter(StartPlan)
    case collect(Leftover)
    /// Asks the store once more whether the disk is to be deleted, deletes it, and says that it is done.
    case deleteUserDisk(UserDiskID)
    /// Says in the store that the disk is not deleted yet, because a domain of its VM is here.
    case postponeDeletion(UserDiskID)
    /// Says in the store that the node serves. It is said again when the store says otherwise: a write of unknown
    /// outcome ("starting") may take effect after all, when "running" was written already.
    case reportRunning
    /// Both are known, what is wanted and what exists, and the store says that the node serves: tell people, once.
    case announceReady
    case announce(NodeFinding)
}

/// What a crash left on the node: ours by its name, and of no VM that needs it.
package enum Leftover: Sendable, Hashable {
    case tap(TapName)
    case filter(TapName)
    case secret(VMID)
    case overlays(VMID)
    /// A domain that is defined but not live, of a VM with a row; the disks are not touched.
    case definition(VMID)
    /// A row-less domain that an operator gave up.
    case domain(VMID)

    package var vm: VMID {
        switch self {
        case .tap(let name), .filter(let name): name.vm
        case .secret(let vm), .overlays(let vm), .definition(let vm), .domain(let vm): vm
        }
    }
}

/// What an operator should know, said once per episode.
package enum NodeFinding: Sendable, Hashable {
    /// A domain of this farm and node of whose VM the store has no row, or only one older than the domain. It is kept.
    case domainWithoutRow(DomainName, VMID)
    case zombie(VMID, String)
    case state(VMID, VMState, String?)
    case storeUnreachable(String)
    case storeReachable
    /// A look at the source failed, or was not answered; what it holds is not known until it is readable again.
    case sourceUnreadable(NodeSource, String)
    case sourceReadable(NodeSource)
    /// What the node does for the farm from now on.
    case mode(NodeMode)
}
