package import FarmModel

/// A node's slots for heavy work (`internal.hkd.max_heavy`, default 10): a VM holds one from the beginning of its start
/// until its agent answers, and while it is being shut down.
///
/// First come, first served, but whoever waits for a start goes before whoever waits for a stop: somebody sits in
/// front of a start. Both queues hold a VM at most once, so they are bounded by the node's VMs.
package struct SlotQueue: Sendable, Hashable {
    package let capacity: Int
    package private(set) var holders: Set<VMID> = []
    private var starts: [VMID] = []
    private var stops: [VMID] = []

    /// In the order in which they are served.
    package var waiting: [VMID] { starts + stops }

    /// - Parameter capacity: 1 or more.
    package init(capacity: Int) { self.capacity = max(1, capacity) }

    /// True when the VM has a slot at once; otherwise it waits. Asking twice changes nothing.
    package mutating func request(_ vm: VMID, for use: SlotUse) -> Bool {
        if holders.contains(vm) { return true }
        if holders.count < capacity, starts.isEmpty, stops.isEmpty {
            holders.insert(vm)
            return true
        }
        switch use {
        case .start: if !starts.contains(vm) { starts.append(vm) }
        case .stop: if !stops.contains(vm) { stops.append(vm) }
        }
        return false
    }

    /// Gives up the VM's slot or its place in the queue. Returns the VM that has a slot because of it.
    package mutating func release(_ vm: VMID) -> VMID? {
        starts.removeAll { $0 == vm }
        stops.removeAll { $0 == vm }
        guard holders.remove(vm) != nil else { return nil }
        let next = !starts.isEmpty ? starts.removeFirst() : !stops.isEmpty ? stops.removeFirst() : nil
        if let next { holders.insert(next) }
        return next
    }
}

/// What a slot is wanted for.
package enum SlotUse: Sendable, Hashable { case start, stop }
