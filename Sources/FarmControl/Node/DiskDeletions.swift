import FarmModel

/// The user disks that are to be deleted, of those storages that the node has: a few at a time, and after a failure
/// again after a pause that grows.
struct DiskDeletions: Sendable, Hashable {
    /// So many at once.
    private static let outMax = 4

    private let storages: Set<StorageID>
    /// As last read from the store.
    private var wanted: [UserDiskID] = []
    private var out: Set<UserDiskID> = []
    /// After failures.
    private var pauses: [UserDiskID: Pause] = [:]

    private struct Pause: Sendable, Hashable {
        var length: Duration
        var end: Instant
    }

    init(storages: Set<StorageID>) { self.storages = storages }

    /// What the store says now.
    mutating func read(_ disks: [UserDiskID]) {
        wanted = disks.filter { storages.contains($0.storage) }
        let known = Set(wanted)
        pauses = pauses.filter { known.contains($0.key) }
    }

    /// Those to be deleted now; each is out until `ended` says what came of it.
    mutating func begin(at now: Instant) -> [UserDiskID] {
        let due = wanted.lazy.filter { [out, pauses] disk in
            !out.contains(disk) && (pauses[disk].map { $0.end <= now } ?? true)
        }
        let next = Array(due.prefix(Self.outMax - out.count))
        out.formUnion(next)
        return next
    }

    /// - Parameter isOver: it is deleted, or not wanted any more; otherwise it is tried again.
    mutating func ended(_ disk: UserDiskID, isOver: Bool, at now: Instant, _ policy: NodePolicy) {
        out.remove(disk)
        guard !isOver, wanted.contains(disk) else {
            wanted.removeAll { $0 == disk }
            pauses[disk] = nil
            return
        }
        let length = min(pauses[disk].map { $0.length * 2 } ?? policy.retryAfter, policy.limits.zombieRetryMax)
        pauses[disk] = Pause(length: length, end: now.advanced(by: length))
    }

    /// When the next is to be tried again; nil while no more may be out.
    var deadline: Instant? {
        guard out.count < Self.outMax else { return nil }
        return pauses.filter { !out.contains($0.key) }.values.map(\.end).min()
    }

    func normalized(_ moments: Normalization) -> DiskDeletions {
        var copy = self
        copy.pauses = pauses.mapValues { Pause(length: $0.length, end: moments.left($0.end)) }
        return copy
    }
}
