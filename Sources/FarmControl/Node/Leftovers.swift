import FarmModel

/// What a look at one source has found that should not be there.
struct Leftovers {
    /// Ours by name, and of no VM that needs it.
    private(set) var toCollect: [Leftover] = []
    /// Live domains of this farm and node of whose VM the store has no row, or only one that is older than the domain.
    /// They are kept.
    private(set) var withoutRow: [(name: DomainName, vm: VMID)] = []
    /// The VMs whose row is gone, of the domains that were found.
    private(set) var goneVMs: Set<VMID> = []

    private let inventory: Inventory
    private let rowWords: RowWords
    private let vms: NodeVMs

    init(of source: NodeSource, _ inventory: Inventory, _ rowWords: RowWords, _ vms: NodeVMs) {
        self.inventory = inventory
        self.rowWords = rowWords
        self.vms = vms
        switch source {
        case .hypervisor:
            let questionable = inventory.domains.keys.filter { vm in
                vms.isIdle(vm) || vms.isKeptWithoutRow(vm) || isGone(vm)
            }
            for vm in questionable.sorted() { sortOutDomain(of: vm) }
        case .network: toCollect = inventory.taps.filter { isBare($0.vm) }.map { .tap($0) }
        case .filter: toCollect = inventory.filters.map(\.tap).filter { isBare($0.vm) }.map { .filter($0) }
        case .secrets: toCollect = inventory.secrets.filter(isBare).map { .secret($0) }
        case .disks:
            // Overlays whose VM has no row: one with a row is replaced at its next start or kept on purpose. On shared
            // storage another node may just have made it for a VM newer than our reading: but what the store says of a
            // VM that is not assigned here comes from a reading that began after the overlay was seen.
            toCollect = inventory.overlays.filter { vm in rowWords.word(of: vm) == .none && isBare(vm) }
                .map { .overlays($0) }
        }
    }

    private mutating func sortOutDomain(of vm: VMID) {
        guard let domain = inventory.domains[vm] else { return }
        let isGone = isGone(vm)
        if isGone { goneVMs.insert(vm) }
        if isFree(vm), !domain.isLive, case .elsewhere = rowWords.word(of: vm) {
            toCollect.append(.definition(vm))
        } else if isFree(vm), isGone, rowWords.abandoned.contains(vm) {
            toCollect.append(.domain(vm))
        } else if isFree(vm) && isGone || vms.isKeptWithoutRow(vm) {
            withoutRow.append((domain.name, vm))
        }
    }

    /// The store has no row of the VM, or only one that is older than its domain.
    private func isGone(_ vm: VMID) -> Bool {
        guard let domain = inventory.domains[vm], domain.isLive, let epoch = domain.owner?.epoch else {
            return rowWords.word(of: vm) == .none
        }
        return Ownership(of: epoch, by: rowWords.word(of: vm)) == .rowGone
    }

    /// Nobody works on the VM, and it is not to be started here.
    private func isFree(_ vm: VMID) -> Bool { vms.isIdle(vm) && (rowWords.assignment(of: vm) == nil || isGone(vm)) }

    private func isBare(_ vm: VMID) -> Bool { isFree(vm) && inventory.domains[vm]?.isLive != true }
}
