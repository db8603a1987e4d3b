package import FarmModel

/// What really exists on a simulated node, whatever any daemon believes. It survives every daemon.
package struct HostState: Sendable {
    package var network: HostNetwork
    package var domains: [DomainName: SimulatedDomain] = [:]
    /// The storage that it mounts; other nodes may have it mounted too.
    let storage: SimulatedStorage
    /// Those that it mounts besides, by their names.
    var moreStorages: [StorageID: SimulatedStorage] = [:]
    /// What DHCP serves, sorted by VM.
    package var reservations: [Reservation] = []
    package var isAddressServiceUp = true
    /// VMs of which nothing can be written for DHCP.
    package var hinderedReservations: Set<VMID> = []
    package var secrets: [VMID: AgentSecret] = [:]
    /// How often a VM's domain was destroyed.
    package var destroyed: [VMID: Int] = [:]
    /// What live domains may hold together.
    package var memory: Mebibytes
    /// VMs whose guest will not get to its network at its next start.
    package var stuckBoots: Set<VMID> = []
    /// Which live guest has which address; with two, the one that had it first.
    var addressHolders: [IPv4Address: DomainName] = [:]
    /// What live domains hold together, in MiB.
    var heldMemory = 0

    /// What lies on its storage now.
    package var disks: HostDisks {
        get { storage.disks }
        nonmutating set { storage.disks = newValue }
    }

    /// What lies on one of the storages that it mounts.
    package subscript(_ id: StorageID) -> HostDisks {
        get { mounted(id).disks }
        nonmutating set { mounted(id).disks = newValue }
    }

    private func mounted(_ id: StorageID) -> SimulatedStorage {
        if id == .standard { return storage }
        guard let more = moreStorages[id] else { preconditionFailure("storage \(id) is not mounted") }
        return more
    }

    /// Which of its storages has the disk of this path, by its folder.
    func storageID(ofPath path: String) -> StorageID {
        moreStorages.keys.first { path.hasPrefix(HostDisks.folder(of: $0)) } ?? .standard
    }

    /// Sorted by name.
    package var sortedDomains: [SimulatedDomain] { domains.values.sorted { $0.name < $1.name } }

    /// The live domain of a VM; the first by name should there be two.
    package func liveDomain(of vm: VMID) -> SimulatedDomain? {
        sortedDomains.first { $0.isLive && $0.running?.owner.vm == vm }
    }
}

/// Bridge, taps and filters of a simulated node.
package struct HostNetwork: Sendable {
    package struct Tap: Sendable, Hashable {
        package var isUp: Bool
        package var isOnBridge: Bool
        /// What the bridge was told to be behind it.
        package var mac: MACAddress?
        /// The emulator that holds it open.
        package var holder: DomainName?
    }

    package struct Filter: Sendable, Hashable {
        package var rules: TapRuleSet
        package var isComplete: Bool
        /// What the rules say of a frame is a pure function; asked once per frame and rule set.
        var passages: [GuestFrame: FramePassage] = [:]

        package init(rules: TapRuleSet, isComplete: Bool) {
            self.rules = rules
            self.isComplete = isComplete
        }

        mutating func passage(_ frame: GuestFrame) -> FramePassage {
            if let known = passages[frame] { return known }
            let passage = FramePassage(frame, rules)
            passages[frame] = passage
            return passage
        }
    }

    package var bridge: ObservedBridge?
    /// The bridge's name, whether it is there or not.
    package var bridgeName: String
    /// Interfaces that are no taps.
    package var foreignInterfaces: Set<String> = []
    /// Rules of other programs.
    package var foreignRules = 0
    package var taps: [TapName: Tap] = [:]
    package var filters: [TapName: Filter] = [:]
    /// Which MAC address the bridge believes behind which tap. It is told when the tap is made; learning is off.
    package private(set) var learned: [MACAddress: TapName] = [:]
    private var learnedBehind: [TapName: Set<MACAddress>] = [:]
    /// Frames that passed although the guest had no right to send them, in words; the first few.
    package var foreignFrames: [String] = []
    /// Taps whose rules somebody else removed: what passes until they are back is not the farm's doing.
    package var flushed: Set<TapName> = []
    package var framesSent = 0
    package var framesPassed = 0

    /// The MAC addresses that the bridge believes behind the tap.
    package func macs(behind tap: TapName) -> Set<MACAddress> { learnedBehind[tap] ?? [] }

    mutating func learn(_ mac: MACAddress, behind tap: TapName) {
        if let old = learned.updateValue(tap, forKey: mac), old != tap { learnedBehind[old]?.remove(mac) }
        learnedBehind[tap, default: []].insert(mac)
    }

    /// What the bridge believed behind the tap that is gone.
    mutating func unlearn(_ mac: MACAddress, behind tap: TapName) {
        guard learned[mac] == tap else { return }
        learned[mac] = nil
        learnedBehind[tap]?.remove(mac)
        if learnedBehind[tap]?.isEmpty == true { learnedBehind[tap] = nil }
    }

    mutating func unlearnAll() {
        learned = [:]
        learnedBehind = [:]
    }

    package init(bridge: ObservedBridge) {
        self.bridge = bridge
        bridgeName = bridge.name
    }
}

/// A domain as the simulated hypervisor knows it.
package struct SimulatedDomain: Sendable {
    package var name: DomainName
    package var specification: DomainSpecification
    package var state: ObservedDomain.State = .shutOff
    /// What it was started from; nil while it is off. Redefining a live domain changes only its next start.
    package var running: DomainSpecification?
    /// Grows with each start, so that what an earlier life of the guest had planned does not happen to this one.
    package var life = 0
    package var guest = SimulatedGuest()
    /// Its emulator is stopped without being ended (SIGSTOP, a hung disk): it answers nothing.
    package var isFrozen = false

    package init(_ specification: DomainSpecification) {
        name = specification.name
        self.specification = specification
    }

    package var isLive: Bool { state != .shutOff }
    /// Whether its guest does nothing at this moment.
    package var isStanding: Bool { isFrozen || state == .paused }
}

/// What goes on inside a domain.
package struct SimulatedGuest: Sendable, Hashable {
    package enum Phase: String, Sendable, Hashable {
        case off, booting, askingForAddress, startingAgent, up, poweringOff
    }

    package var phase = Phase.off
    package var address: IPv4Address?
    /// What it read at boot.
    package var secret: AgentSecret?
    package var isHung = false
    package var isHostile = false
    package var neverGetsUp = false
    package private(set) var session = GuestSessionState.stopped
    /// Whether a client ever saw the session that there is.
    package private(set) var wasSeen = false
    /// What the session was started for.
    package var request: [String: String] = [:]
    /// Grows with each change of the session, so that old plans for it are void.
    package var sessionStep = 0
    /// How many connections lead into the session at this moment.
    package var connections = 0

    package mutating func enter(_ next: GuestSessionState) {
        session = next
        if next == .connected { wasSeen = true }
        if next == .stopped { wasSeen = false }
    }
}
