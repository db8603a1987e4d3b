package import FarmModel

/// Everything of the farm that was found on the node in one look.
package struct NodeView: Sendable, Hashable {
    package var domains: [ObservedDomain] = []
    package var taps: [ObservedTap] = []
    package var filters: [ObservedFilter] = []
    package var overlays: [VMID] = []
    package var secrets: [VMID] = []

    package init() {}
}

package enum NodeEvent: Sendable, Hashable {
    /// What the store assigns to this node, the row-less domains that an operator gave up, and every VM of
    /// the farm that has a row, assigned or not.
    case assignments([Assignment], abandoned: [VMID], known: [VMID])
    /// What the store says of this node itself.
    case nodeRead(NodeState)
    case looked(NodeView)
    /// The look or the reading failed; it is tried again.
    case lookFailed(String)
    case readFailed(String)
    case finished(VMEffectID, PortOutcome)
    case recorded(VMID, RecordOutcome)
    case released(VMID)
    /// Removed, or not: a leftover that stays is found again by the next look.
    case collected(Leftover)
    /// Put back, or not: the next look says.
    case repaired(VMID)
    case hypervisor(HypervisorEvent)
    /// Somebody may have changed the store.
    case storeChanged
    case tick
}

package enum RecordOutcome: Sendable, Hashable {
    case done
    /// Another assignment holds; the store is read again.
    case stale
    case failed
}

package enum NodeAction: Sendable, Hashable {
    case readStore
    case look
    /// With the agent's secret, when it is known.
    case perform(VMEffect, VMEffectID, StartPlan, AgentSecret?)
    case record(Observation, of: VMID, epoch: Epoch)
    case release(StartPlan, error: String?)
    /// Puts the rules of a running VM back that somebody removed or changed.
    case repairFilter(StartPlan)
    case collect(Leftover)
    /// Both are known: what is wanted and what exists. From here on the node serves.
    case ready
    /// Says again that the node serves: the store says otherwise. A write of unknown outcome ("starting") may take
    /// effect after all, when "running" was written already.
    case recordRunning
    case report(NodeFinding)
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
    /// A domain of this farm and node whose VM the store does not assign here. It is kept.
    case domainWithoutRow(DomainName, VMID)
    case zombie(VMID, String)
    case state(VMID, VMState, String?)
    case storeUnreachable(String)
    case storeReachable
    case nodeUnreadable(String)
    case nodeReadable
}
