import FarmModel

/// What is on the node and should not be, or is not and should: found by a look, put right one at a time.
extension NodeMachine {
    func domainsOfOurs(in inventory: Inventory) -> [VMID: ObservedDomain] {
        var own: [VMID: ObservedDomain] = [:]
        for domain in inventory.domains {
            if let owner = domain.owner, owner.farm == farm, owner.node == node { own[owner.vm] = domain }
        }
        return own
    }

    private func isOurs(_ tap: TapName) -> Bool { tap.farm == farm && tap.node == node }

    func isBeingCollected(_ vm: VMID) -> Bool { collecting.contains { $0.vm == vm } }

    mutating func collectLeftovers(_ inventory: Inventory, _ actions: inout [NodeAction]) {
        let domains = ownDomains
        func isGone(_ vm: VMID) -> Bool {
            guard let domain = domains[vm], domain.isLive, let epoch = domain.owner?.epoch else {
                return word(of: vm) == .none
            }
            return Ownership(of: epoch, by: word(of: vm)) == .rowGone
        }
        func isFree(_ vm: VMID) -> Bool {
            (machines[vm]?.isIdle ?? true) && (assignment(of: vm) == nil || isGone(vm))
        }
        func isBare(_ vm: VMID) -> Bool { isFree(vm) && domains[vm]?.isLive != true }
        for tap in inventory.taps where isOurs(tap.name) && isBare(tap.name.vm) {
            collect(.tap(tap.name), &actions)
        }
        for filter in inventory.filters where isOurs(filter.tap) && isBare(filter.tap.vm) {
            collect(.filter(filter.tap), &actions)
        }
        for vm in inventory.secrets where isBare(vm) { collect(.secret(vm), &actions) }
        for vm in ripeOverlays(inventory) where isBare(vm) { collect(.overlays(vm), &actions) }
        for vm in domains.keys.sorted() {
            guard let domain = domains[vm] else { continue }
            if isFree(vm), !domain.isLive, case .elsewhere = word(of: vm) {
                collect(.definition(vm), &actions)
            } else if isFree(vm), isGone(vm), abandoned.contains(vm) {
                collect(.domain(vm), &actions)
            } else if isFree(vm) && isGone(vm) || machines[vm]?.isKeptWithoutRow == true {
                reported.domainWithoutRow(domain.name, vm, &actions)
            }
        }
        reported.forgetDomains(except: Set(domains.keys.filter(isGone)))
    }

    /// Overlays whose VM has no row. One with a row is replaced at its next start or kept on purpose. On
    /// shared storage another node may just have made it for a VM newer than our reading: but what the store
    /// says of a VM that is not assigned here comes from a reading that began after the overlay was seen.
    private func ripeOverlays(_ inventory: Inventory) -> [VMID] { inventory.overlays.filter { word(of: $0) == .none } }

    private mutating func collect(_ leftover: Leftover, _ actions: inout [NodeAction]) {
        guard collecting.insert(leftover).inserted else { return }
        actions.append(.collect(leftover))
    }

    mutating func collected(
        _ leftover: Leftover, _ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]
    ) {
        collecting.remove(leftover)
        meet(leftover.vm, now, &touched, &actions)
    }

    /// The desktops that run on without a row and that an operator gave up.
    mutating func giveUpAbandoned(_ now: Instant, _ touched: inout [VMID], _ actions: inout [NodeAction]) {
        for vm in abandoned.sorted() where machines[vm]?.isKeptWithoutRow == true {
            give(vm, .givenUp, now, &touched, &actions)
        }
    }

    mutating func repairFilters(_ inventory: Inventory, _ actions: inout [NodeAction]) {
        let whole = Set(inventory.filters.filter { isOurs($0.tap) && $0.isComplete }.map(\.tap.vm))
        for vm in machines.keys.sorted() where !whole.contains(vm) {
            guard let machine = machines[vm], machine.needsFilter(asOf: lookBegan), let plan = machine.plan,
                repairing.insert(vm).inserted
            else { continue }
            actions.append(.repairFilter(plan))
        }
    }
}
