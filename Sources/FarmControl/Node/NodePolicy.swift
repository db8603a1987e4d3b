/// The limits and periods of one node's house keeping.
package struct NodePolicy: Sendable, Hashable {
    package var limits = VMTimeLimits()
    /// Heavy operations at once (`internal.hkd.max_heavy`).
    package var heavyMax = 10
    /// How often the node is looked at, besides the hypervisor's events.
    package var lookEvery: Duration = .seconds(10)
    /// How often the store is read when nobody says that it changed.
    package var readEvery: Duration = .seconds(5)
    /// How long a look at one source, or a reading of the store, may take: longer than the adapters' own limits, so
    /// that it is reached only when they do not answer at all.
    package var questionMax: Duration = .seconds(90)
    /// Pause after a look, a reading or a report that failed.
    package var retryAfter: Duration = .seconds(1)
    /// How long a VM's row may say an older step than the one that is being done.
    package var detailAfter: Duration = .seconds(1)

    package init() {}
}
