package import FarmModel

/// Everything that goes wrong in a run, as data made before the run: it can be printed, written by hand, and shrunk.
package struct FaultPlan: Sendable, Hashable {
    package var faults: [Fault]

    package init(_ faults: [Fault] = []) { self.faults = faults }
}

/// One thing that goes wrong.
package struct Fault: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        // While it lasts, calls on a port...
        /// take up to this many nanoseconds more.
        case slow(PortName, nanoseconds: Int64)
        /// fail in this way, this many in 1,000.
        case failing(PortName, FailureMode, perMille: Int)
        /// give no answer; those about one VM only, when one is named. Whether they took effect is open.
        case hanging(PortName, vm: VMID?)
        /// Hypervisor events get lost, this many in 1,000.
        case eventsLost(perMille: Int)
        /// Hypervisor events come twice, this many in 1,000.
        case eventsDoubled(perMille: Int)
        case diskFull
        /// An image's file is away, or garbage.
        case imageMissing(String)
        case imageCorrupt(String)
        /// The agent of the VM does not answer while it lasts.
        case agentSilent(VMID)

        // At its moment...
        /// the emulator of the VM dies.
        case domainDies(VMID)
        /// the guest stops doing anything: no agent, no ACPI, until its domain ends.
        case guestHangs(VMID)
        /// the emulator is stopped and answers nothing, until the fault ends or the domain does.
        case emulatorFreezes(VMID)
        /// the next start of this VM's guest never gets to its network.
        case guestNeverBoots(VMID)
        /// the user logs out of the guest's session: its X agent ends.
        case sessionEnds(VMID)
        /// the guest powers off by itself.
        case guestPowersOff(VMID)
        /// the guest turns hostile: it sends spoofed frames until its domain ends.
        case guestTurnsHostile(VMID)
        /// the DHCP server dies; its supervisor brings it back when the fault ends.
        case addressServiceDies
        /// somebody flushes the VM's chains.
        case filterFlushed(VMID)
        /// somebody deletes the VM's tap.
        case tapDeleted(VMID)
        /// kill -9; it starts again when the fault ends. With `afterCalls`, at that step after the moment (each port
        /// call is two steps: before its effect and after it).
        case kill(ProcessKind, afterCalls: Int?)
        /// SIGTERM; it starts again when the fault ends, or has ended by then and a second more.
        case terminate(ProcessKind)
        /// The process gets no processor while it lasts, then goes on.
        case freeze(ProcessKind)
    }

    /// When, in nanoseconds from the start.
    package var at: Int64
    /// How long; 0 for what has no end.
    package var lasts: Int64
    package var node: NodeID
    package var kind: Kind
    /// Which calls of the port a fault of calls meets; all of them when it says nothing.
    package var aim: FaultAim

    package init(
        at: Int64, lasts: Int64 = 0, node: NodeID = NodeID(1), aim: FaultAim = FaultAim(), _ kind: Kind
    ) {
        self.at = at
        self.lasts = lasts
        self.node = node
        self.kind = kind
        self.aim = aim
    }
}

/// Narrows a fault of calls down: to one call, to what is about one VM, to the first so many of them.
package struct FaultAim: Sendable, Hashable {
    package var call: PortOperation?
    package var vm: VMID?
    /// So many calls are met, then no more.
    package var first: Int?

    package init(call: PortOperation? = nil, vm: VMID? = nil, first: Int? = nil) {
        self.call = call
        self.vm = vm
        self.first = first
    }

    func meets(_ operation: PortOperation, vm subject: Int64) -> Bool {
        (call == nil || call == operation) && (vm == nil || vm?.rawValue == subject)
    }
}

/// The ways a call fails, by what became of its effect.
package enum FailureMode: String, Sendable, Hashable, CaseIterable {
    /// The other side said no: nothing happened.
    case rejected
    /// Nothing was sent.
    case unreachable
    /// It happened, and the answer was lost.
    case lostAnswer
    /// It did not happen, and the caller cannot know.
    case lostRequest
    /// The caller is told "unknown", and it happens up to 10 s later. On ports whose calls are over when they return
    /// (all but `hypervisor`, `agent` and `store`) it happened, or it did not.
    case late
    /// It happens, the caller is told, and it happens once more up to 10 s later, as a message that was sent again; on
    /// ports whose calls are over when they return, at once.
    case twice
}

/// The processes of a node that can be killed.
package enum ProcessKind: UInt8, Sendable, Hashable, CaseIterable {
    case houseKeeper, router
}
