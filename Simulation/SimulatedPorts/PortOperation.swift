/// The simulated parts of the outside world, as faults and traces name them.
package enum PortName: UInt8, Sendable, Hashable, CaseIterable {
    case hypervisor, network, filter, addresses, disks, secrets, agent, store, guestConnections, hasher

    /// The name in scenario files.
    package var text: String { self == .guestConnections ? "lines" : String(describing: self) }
}

/// Every call that can be made on a simulated port, with how long it usually takes. The raw value is its number in
/// traces: any that no other call and no `TraceKind` has.
package enum PortOperation: UInt16, Sendable, Hashable, CaseIterable {
    case defineDomain = 1, createDomain, shutdownDomain, destroyDomain, undefineDomain, observeDomains, capabilities
    case ensureTap = 20, removeTap, observeTaps, observeBridge
    case applyFilter = 30, removeFilter, observeFilters
    case publish = 40, observeReservations
    case inspectImage = 50, prepareOverlay, ensureUserDisk, removeOverlays, deleteUserDisk, observeDisks, space
    case handSecret = 60, removeSecret, observeSecrets
    case ping = 70, startSession, sessionState, suspendSession, stopSession, powerOff
    case storeRead = 80, storeWrite, storeBegin, storeReport, storeRelease
    case openConnection = 90
    case hashPassword = 95, verifyPassword

    /// The name in scenario files: `ensureTap`; the store's without the port: `record` (a report of a VM's state).
    package var text: String {
        switch self {
        case .storeRead: "read"
        case .storeWrite: "write"
        case .storeBegin: "begin"
        case .storeReport: "record"
        case .storeRelease: "release"
        default: String(describing: self)
        }
    }

    package var port: PortName {
        switch self {
        case .defineDomain, .createDomain, .shutdownDomain, .destroyDomain, .undefineDomain, .observeDomains,
            .capabilities:
            .hypervisor
        case .ensureTap, .removeTap, .observeTaps, .observeBridge: .network
        case .applyFilter, .removeFilter, .observeFilters: .filter
        case .publish, .observeReservations: .addresses
        case .inspectImage, .prepareOverlay, .ensureUserDisk, .removeOverlays, .deleteUserDisk, .observeDisks, .space:
            .disks
        case .handSecret, .removeSecret, .observeSecrets: .secrets
        case .ping, .startSession, .sessionState, .suspendSession, .stopSession, .powerOff: .agent
        case .storeRead, .storeWrite, .storeBegin, .storeReport, .storeRelease: .store
        case .openConnection: .guestConnections
        case .hashPassword, .verifyPassword: .hasher
        }
    }

    /// Shortest and longest usual time, in nanoseconds. Orders of magnitude of the real parts on a small machine
    /// (`ms` of libvirt, ebtables, qemu-img, rtnetlink, SQLite); to be calibrated by measured runs.
    var latency: ClosedRange<Int64> {
        switch self {
        case .defineDomain: 2_000_000...10_000_000
        case .createDomain: 150_000_000...400_000_000
        case .shutdownDomain: 1_000_000...5_000_000
        case .destroyDomain: 50_000_000...500_000_000
        case .undefineDomain, .observeDomains, .capabilities: 1_000_000...10_000_000
        case .ensureTap, .removeTap: 300_000...2_000_000
        case .observeTaps, .observeBridge: 200_000...2_000_000
        case .applyFilter, .removeFilter, .observeFilters: 5_000_000...20_000_000
        case .publish: 1_000_000...20_000_000
        case .observeReservations: 200_000...2_000_000
        case .inspectImage: 5_000_000...20_000_000
        case .prepareOverlay, .ensureUserDisk: 20_000_000...80_000_000
        case .removeOverlays, .deleteUserDisk: 500_000...5_000_000
        case .observeDisks, .space: 500_000...5_000_000
        case .handSecret, .removeSecret, .observeSecrets: 100_000...2_000_000
        case .ping, .sessionState: 1_000_000...20_000_000
        case .startSession, .suspendSession, .stopSession, .powerOff: 10_000_000...200_000_000
        case .storeRead: 100_000...1_000_000
        case .storeWrite, .storeBegin, .storeReport, .storeRelease: 300_000...5_000_000
        case .openConnection: 500_000...5_000_000
        case .hashPassword, .verifyPassword: 40_000_000...80_000_000
        }
    }

    /// Whether it only asks.
    var isReading: Bool {
        switch self {
        case .observeDomains, .capabilities, .observeTaps, .observeBridge, .observeFilters, .observeReservations,
            .inspectImage, .observeDisks, .space, .observeSecrets, .ping, .sessionState, .storeRead:
            true
        case .defineDomain, .createDomain, .shutdownDomain, .destroyDomain, .undefineDomain, .ensureTap, .removeTap,
            .applyFilter, .removeFilter, .publish, .prepareOverlay, .ensureUserDisk, .removeOverlays, .deleteUserDisk,
            .handSecret, .removeSecret, .startSession, .suspendSession, .stopSession, .powerOff, .storeWrite,
            .storeBegin, .storeReport, .storeRelease, .openConnection, .hashPassword, .verifyPassword:
            false
        }
    }

    /// After how long the adapter gives up an answer, in nanoseconds.
    var timeLimit: Int64 {
        switch port {
        case .agent: 4_000_000_000
        case .guestConnections: 10_000_000_000
        case .store: 10_000_000_000
        default: 30_000_000_000
        }
    }

    /// Whether nothing of a call happens any more once it has returned, also with an error: its work is a system call,
    /// or a child process that the adapter kills and waits for. Otherwise somebody else may carry it out later.
    var isOverOnReturn: Bool {
        switch port {
        case .hypervisor, .agent, .store: false
        case .network, .filter, .addresses, .disks, .secrets, .guestConnections, .hasher: true
        }
    }

    /// Whether it goes on when its caller is cancelled, and the caller gets its answer all the same: a thread computes,
    /// or the kernel connects.
    var isUnstoppable: Bool { port == .hasher || port == .guestConnections }

    /// Whether it is a file call that may hang in the kernel: it is given up, cannot be stopped, and may be carried out
    /// when the storage is back.
    var isFileCall: Bool { port == .disks || port == .secrets }

    /// Whether a call in flight may still take effect after its caller died: somebody else carries it out.
    var outlivesCaller: Bool {
        switch port {
        case .hypervisor, .filter, .disks, .agent, .store: true
        case .network, .addresses, .secrets, .guestConnections, .hasher: false
        }
    }
}
