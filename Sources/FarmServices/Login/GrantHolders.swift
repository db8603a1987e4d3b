import FarmModel

/// Who holds which grant, and which VMs are known to be theirs.
struct GrantHolders {
    private struct Holder {
        let user: UserID
        /// At most `vmsMax`: what is not remembered is looked up again.
        var vms: Set<VMID> = []
    }

    private static let vmsMax = 100
    private var holders: [Grant: Holder] = [:]

    var count: Int { holders.count }

    mutating func add(_ grant: Grant, of user: UserID) { holders[grant] = Holder(user: user) }

    mutating func remove(_ grant: Grant) { holders[grant] = nil }

    func user(of grant: Grant) -> UserID? { holders[grant]?.user }

    /// The VM was seen to be the holder's.
    mutating func note(_ vm: VMID, of grant: Grant) {
        guard let holder = holders[grant], holder.vms.count < Self.vmsMax else { return }
        holders[grant]?.vms.insert(vm)
    }

    func isKnown(_ vm: VMID, of grant: Grant) -> Bool { holders[grant]?.vms.contains(vm) ?? false }
}
