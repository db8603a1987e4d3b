import FarmModel

/// Remembers what has been said, so that each trouble is reported once when it begins and once when it ends.
struct ReportedEpisodes: Sendable, Hashable {
    private var isStoreUnreachable = false
    private var unreadable: Set<NodeSource> = []
    private var domains: Set<VMID> = []

    mutating func storeUnreachable(_ words: String, _ changes: inout NodeChanges) {
        guard !isStoreUnreachable else { return }
        isStoreUnreachable = true
        changes.add(.announce(.storeUnreachable(words)))
    }

    mutating func storeReachable(_ changes: inout NodeChanges) {
        guard isStoreUnreachable else { return }
        isStoreUnreachable = false
        changes.add(.announce(.storeReachable))
    }

    mutating func sourceUnreadable(_ source: NodeSource, _ words: String, _ changes: inout NodeChanges) {
        guard unreadable.insert(source).inserted else { return }
        changes.add(.announce(.sourceUnreadable(source, words)))
    }

    mutating func sourceReadable(_ source: NodeSource, _ changes: inout NodeChanges) {
        guard unreadable.remove(source) != nil else { return }
        changes.add(.announce(.sourceReadable(source)))
    }

    mutating func domainWithoutRow(_ name: DomainName, _ vm: VMID, _ changes: inout NodeChanges) {
        guard domains.insert(vm).inserted else { return }
        changes.add(.announce(.domainWithoutRow(name, vm)))
    }

    mutating func forgetDomains(except live: Set<VMID>) { domains.formIntersection(live) }
}
