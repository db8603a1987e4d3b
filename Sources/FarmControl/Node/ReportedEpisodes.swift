import FarmModel

/// Remembers what has been said, so that each trouble is reported once when it begins and once when it ends.
struct ReportedEpisodes: Sendable, Hashable {
    private var isStoreUnreachable = false
    private var isNodeUnreadable = false
    private var domains: Set<VMID> = []

    mutating func storeUnreachable(_ words: String, _ changes: inout NodeChanges) {
        guard !isStoreUnreachable else { return }
        isStoreUnreachable = true
        changes.add(.report(.storeUnreachable(words)))
    }

    mutating func storeReachable(_ changes: inout NodeChanges) {
        guard isStoreUnreachable else { return }
        isStoreUnreachable = false
        changes.add(.report(.storeReachable))
    }

    mutating func nodeUnreadable(_ words: String, _ changes: inout NodeChanges) {
        guard !isNodeUnreadable else { return }
        isNodeUnreadable = true
        changes.add(.report(.nodeUnreadable(words)))
    }

    mutating func nodeReadable(_ changes: inout NodeChanges) {
        guard isNodeUnreadable else { return }
        isNodeUnreadable = false
        changes.add(.report(.nodeReadable))
    }

    mutating func domainWithoutRow(_ name: DomainName, _ vm: VMID, _ changes: inout NodeChanges) {
        guard domains.insert(vm).inserted else { return }
        changes.add(.report(.domainWithoutRow(name, vm)))
    }

    mutating func forgetDomains(except live: Set<VMID>) { domains.formIntersection(live) }
}
