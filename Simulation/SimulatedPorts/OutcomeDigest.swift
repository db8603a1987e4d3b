/// What came of a run, whatever its timing: the effects on each VM and the answers to each client, each list in its
/// own order. A run that only asked less often, or waited longer, comes to the same outcome.
///
/// The trace's digest says whether two runs were the same event for event; this one says whether they ended alike.
package struct OutcomeDigest: Sendable, Hashable {
    private var effects: [Int64: UInt64] = [:]
    private var answers: [String: UInt64] = [:]

    package init() {}

    /// A call that changes something of a VM, and how it ended: 0, or `PortError.traceCode`.
    mutating func add(_ operation: PortOperation, vm: Int64, outcome: UInt32) {
        guard operation.isEffect, vm != 0 else { return }
        effects[vm, default: FNV.start].mix(UInt64(operation.rawValue) << 32 | UInt64(outcome))
    }

    /// What a client was answered, or how its session ended.
    mutating func add(answer: String, to peer: String) { answers[peer, default: FNV.start].mix(answer) }

    /// One number for all of it.
    ///
    /// - Parameter rows: the store's rows at the end, in words, in an order that does not depend on the run.
    package func digest(rows: [String]) -> UInt64 {
        var digest = FNV.start
        for (vm, chain) in effects.sorted(by: { $0.key < $1.key }) {
            digest.mix(UInt64(bitPattern: vm))
            digest.mix(chain)
        }
        for (peer, chain) in answers.sorted(by: { $0.key < $1.key }) {
            digest.mix(peer)
            digest.mix(chain)
        }
        for row in rows { digest.mix(row) }
        return digest
    }
}

/// FNV-1a over 64-bit words.
enum FNV {
    static let start: UInt64 = 0xcbf2_9ce4_8422_2325
}

extension UInt64 {
    fileprivate mutating func mix(_ word: UInt64) { self = (self ^ word) &* 0x0000_0100_0000_01b3 }

    fileprivate mutating func mix(_ text: String) {
        for byte in text.utf8 { mix(UInt64(byte)) }
        mix(0x100)
    }
}

extension PortOperation {
    /// Whether it is made to change what exists on the node. What it asks of the store shows in the final rows.
    var isEffect: Bool {
        switch self {
        case .defineDomain, .createDomain, .shutdownDomain, .destroyDomain, .undefineDomain, .ensureTap, .removeTap,
            .applyFilter, .removeFilter, .prepareOverlay, .ensureUserDisk, .removeOverlays, .deleteUserDisk,
            .handSecret, .removeSecret, .startSession, .suspendSession, .stopSession, .powerOff, .openConnection:
            true
        case .observeDomains, .capabilities, .observeTaps, .observeBridge, .observeFilters, .publish,
            .observeReservations, .inspectImage, .observeDisks, .space, .observeSecrets, .ping, .sessionState,
            .storeRead, .storeWrite, .storeBegin, .storeReport, .storeRelease, .hashPassword, .verifyPassword:
            false
        }
    }
}
