import FarmModel

/// What one event brings about on a node: what is to be done, in order, and which VMs may have something new to say.
struct NodeChanges {
    private(set) var actions: [NodeAction] = []
    private(set) var touched: [VMID] = []

    mutating func add(_ action: NodeAction) { actions.append(action) }
    mutating func touch(_ vm: VMID) { if touched.last != vm { touched.append(vm) } }
}
