import FarmModel

/// The moments at which VMs want something to be done, the earliest first: what is next and what is due is known
/// without a look at all VMs.
struct WakeTimes: Sendable, Hashable {
    private struct Entry: Sendable, Hashable, Comparable {
        var at: Instant
        var vm: VMID

        static func < (left: Self, right: Self) -> Bool { (left.at, left.vm) < (right.at, right.vm) }
    }

    /// Sorted.
    private var entries: [Entry] = []

    /// The earliest moment.
    var first: Instant? { entries.first?.at }

    /// A VM's moment is another one; nil for none.
    mutating func move(_ vm: VMID, from old: Instant?, to new: Instant?) {
        guard old != new else { return }
        if let old {
            let place = position(of: Entry(at: old, vm: vm))
            precondition(
                place < entries.count && entries[place] == Entry(at: old, vm: vm), "VM \(vm) has no such moment")
            entries.remove(at: place)
        }
        if let new { entries.insert(Entry(at: new, vm: vm), at: position(of: Entry(at: new, vm: vm))) }
    }

    /// The VMs whose moment has come, sorted by VM.
    func due(at now: Instant) -> [VMID] { entries.prefix { $0.at <= now }.map(\.vm).sorted() }

    /// Of the first entry that is not earlier.
    private func position(of entry: Entry) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle] < entry { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
