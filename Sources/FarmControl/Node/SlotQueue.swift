package import FarmModel

/// A node's slots for heavy work (`internal.hkd.max_heavy`, default 10): first come, first served.
package struct SlotQueue: Sendable, Hashable {
    package let capacity: Int
    package private(set) var holders: Set<VMID> = []
    /// In order of arrival; at most one entry per VM, so bounded by the node's VMs.
    package private(set) var waiting: [VMID] = []

    /// - Parameter capacity: 1 or more.
    package init(capacity: Int) { self.capacity = max(1, capacity) }

    /// True when the VM has a slot at once; otherwise it waits. Asking twice changes nothing.
    package mutating func request(_ vm: VMID) -> Bool {
        if holders.contains(vm) { return true }
        if holders.count < capacity, waiting.isEmpty {
            holders.insert(vm)
            return true
        }
        if !waiting.contains(vm) { waiting.append(vm) }
        return false
    }

    /// Gives up the VM's slot or its place in the queue. Returns the VM that has a slot because of it.
    package mutating func release(_ vm: VMID) -> VMID? {
        waiting.removeAll { $0 == vm }
        guard holders.remove(vm) != nil, !waiting.isEmpty else { return nil }
        let next = waiting.removeFirst()
        holders.insert(next)
        return next
    }
}
