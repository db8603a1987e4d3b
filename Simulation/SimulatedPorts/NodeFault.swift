package import FarmModel

/// What befalls a node's things from outside. A new one is a case with its word here, and what it does in `HostFates`.
package enum NodeFault: Sendable, Hashable {
    case ofVM(VMFate, VMID)
    case ofImage(ImageFate, String)
    case ofNode(NodeFate)
}

/// What befalls a VM's domain, guest, tap or rules; the raw value is the word in scenario files.
package enum VMFate: String, Sendable, Hashable, CaseIterable {
    /// The agent does not answer while it lasts.
    case agentSilent = "agent-silent"
    /// The emulator dies.
    case domainDies = "domain-dies"
    /// The guest stops doing anything: no agent, no ACPI, until its domain ends.
    case guestHangs = "guest-hangs"
    /// The emulator is stopped and answers nothing, until the fault ends or the domain does.
    case emulatorFreezes = "emulator-freezes"
    /// The next start of the guest never gets to its network.
    case guestNeverBoots = "guest-never-boots"
    /// The user logs out of the guest's session: its X agent ends.
    case sessionEnds = "session-ends"
    /// The guest powers off by itself.
    case guestPowersOff = "guest-powers-off"
    /// The guest turns hostile: it sends spoofed frames until its domain ends.
    case guestTurnsHostile = "guest-turns-hostile"
    /// Somebody flushes the VM's chains.
    case filterFlushed = "filter-flushed"
    /// Somebody deletes the VM's tap.
    case tapDeleted = "tap-deleted"
    /// DHCP serves an old entry of the VM, with the MAC of an earlier card.
    case dhcpStale = "dhcp-stale"
    /// The hypervisor pauses the domain while it lasts, as when a write finds the storage full; then it goes on.
    case domainPauses = "domain-pauses"
}

/// What befalls an image's file; the raw value is the word in scenario files.
package enum ImageFate: String, Sendable, Hashable, CaseIterable {
    case missing = "image-missing"
    case corrupt = "image-corrupt"
}

/// What befalls the node as a whole; the raw value is the word in scenario files.
package enum NodeFate: String, Sendable, Hashable, CaseIterable {
    /// No disk can be made while it lasts.
    case diskFull = "disk-full"
    /// The DHCP server dies; its supervisor brings it back when the fault ends.
    case dhcpDies = "dhcp-dies"
    /// The node is without power while it lasts, and boots then: processes, domains, taps, rules and all that lies in
    /// memory are gone, and what was being written is torn.
    case powerLoss = "power-loss"
    /// The hypervisor's daemon is away while it lasts. Domains run on; what happens to them meanwhile is not told.
    case hypervisorRestarts = "hypervisor-restarts"
    /// Somebody sets the bridge down; it is up again when the fault ends.
    case bridgeDown = "bridge-down"
    /// The node's clocks run a tenth fast while it lasts: slewing goes so far.
    case clockFast = "clock-fast"
    /// The wall clock jumps an hour ahead, and back when the fault ends.
    case clockJumps = "clock-jumps"
    /// The machine sleeps while it lasts, processes and guests; its clocks count that.
    case nodeSuspends = "node-suspends"
}

extension NodeFault: SpokenFault {
    package static let words: [(word: String, takes: [FaultParameter])] =
        VMFate.allCases.map { ($0.rawValue, [.vm]) } + ImageFate.allCases.map { ($0.rawValue, [.file]) }
        + NodeFate.allCases.map { ($0.rawValue, []) }

    package var word: String {
        switch self {
        case .ofVM(let fate, _): fate.rawValue
        case .ofImage(let fate, _): fate.rawValue
        case .ofNode(let fate): fate.rawValue
        }
    }

    package var values: FaultValues {
        switch self {
        case .ofVM(_, let vm): FaultValues { $0.vm = vm }
        case .ofImage(_, let file): FaultValues { $0.file = file }
        case .ofNode: FaultValues()
        }
    }

    package var text: String {
        switch self {
        case .ofVM(_, let vm): "\(word) VM \(vm)"
        case .ofImage(_, let file): "\(word) \(file)"
        case .ofNode: word
        }
    }

    package init?(_ word: String, _ values: FaultValues) {
        if let fate = VMFate(rawValue: word), let vm = values.vm {
            self = .ofVM(fate, vm)
        } else if let fate = ImageFate(rawValue: word), let file = values.file {
            self = .ofImage(fate, file)
        } else if let fate = NodeFate(rawValue: word) {
            self = .ofNode(fate)
        } else {
            return nil
        }
    }
}
