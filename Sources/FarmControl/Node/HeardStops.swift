import FarmModel

/// Why domains ended, as heard from the hypervisor and not yet matched with a look. What is heard may be late and mean
/// an earlier domain of the VM: it only says why, a look says whether.
struct HeardStops: Sendable, Hashable {
    private var stops: [VMID: Stop] = [:]

    private struct Stop: Sendable, Hashable {
        var reason: StopReason
        var at: Instant
    }

    /// For comparing with others; see `Normalization`.
    var moments: [Instant] { stops.values.map(\.at) }

    mutating func heard(_ reason: StopReason, of vm: VMID, at now: Instant) {
        stops[vm] = Stop(reason: reason, at: now)
    }

    /// What was heard of an end belongs to a look, unless it was heard after that began and it still saw the domain.
    mutating func take(_ vm: VMID, isLive: Bool, lookBegan: Instant) -> StopReason? {
        guard let heard = stops[vm] else { return nil }
        if !isLive || heard.at <= lookBegan { stops[vm] = nil }
        return heard.reason
    }

    mutating func forget(_ vm: VMID) { stops[vm] = nil }

    func normalized(_ moments: Normalization) -> HeardStops {
        var copy = self
        for (vm, stop) in stops { copy.stops[vm]?.at = moments.rank(stop.at) }
        return copy
    }
}
