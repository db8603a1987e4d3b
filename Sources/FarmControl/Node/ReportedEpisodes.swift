import FarmModel

/// Remembers what has been said, so that each trouble is reported once when it begins and once when it ends.
struct ReportedEpisodes: Sendable, Hashable {
    private var isStoreUnreachable = false
    private var isNodeUnreadable = false
    private var domains: Set<VMID> = []

    mutating func storeUnreachable(_ words: String, _ actions: inout [NodeAction]) {
        guard !isStoreUnreachable else { return }
        isStoreUnreachable = true
        actions.append(.report(.storeUnreachable(words)))
    }

    mutating func storeReachable(_ actions: inout [NodeAction]) {
        guard isStoreUnreachable else { return }
        isStoreUnreachable = false
        actions.append(.report(.storeReachable))
    }

    mutating func nodeUnreadable(_ words: String, _ actions: inout [NodeAction]) {
        guard !isNodeUnreadable else { return }
        isNodeUnreadable = true
        actions.append(.report(.nodeUnreadable(words)))
    }

    mutating func nodeReadable(_ actions: inout [NodeAction]) {
        guard isNodeUnreadable else { return }
        isNodeUnreadable = false
        actions.append(.report(.nodeReadable))
    }

    mutating func domainWithoutRow(_ name: DomainName, _ vm: VMID, _ actions: inout [NodeAction]) {
        guard domains.insert(vm).inserted else { return }
        actions.append(.report(.domainWithoutRow(name, vm)))
    }

    mutating func forgetDomains(except live: Set<VMID>) { domains.formIntersection(live) }
}
