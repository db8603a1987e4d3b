import FarmModel

@testable import FarmControl
import FarmRules

/// Two worlds with the same key behave the same: moments count only by their order or distance, effects only
/// by which is awaited.
extension NodeExplorationWorld {
    func key(withBudget: Bool) -> Int {
        let ranks = EffectRanks(self)
        var hasher = Hasher()
        machine.canonical(at: now, ranks).hash(into: &hasher)
        for entry in pending {
            switch entry.call {
            case .perform(let effect, let id, let epoch, let request):
                hasher.combine(effect)
                hasher.combine(ranks.of(id))
                hasher.combine(epoch)
                hasher.combine(request)
                if case .began(_, let outcome)? = entry.answer { hasher.combine(outcome) }
                if case .finished(_, let outcome)? = entry.answer { hasher.combine(outcome) }
            default: hasher.combine(entry)
            }
        }
        // Of the store what decisions look at: neither its revision nor the audit trail nor its counters.
        hasher.combine(ledger.vms())
        for vm in vms { hasher.combine(ledger.secret(of: vm)) }
        hasher.combine(domains)
        hasher.combine([taps, filters, secrets, overlays])
        hasher.combine(lateCreates)
        hasher.combine(lateCalls.map { $0.withoutNumbers })
        hasher.combine(ghosts)
        hasher.combine(wasHurt)
        if withBudget { hasher.combine(budget) }
        return hasher.finalize()
    }
}

/// Numbers the effects that are still of interest from the oldest, per VM.
struct EffectRanks {
    private var known: [VMEffectID: Int64] = [:]

    init(_ world: NodeExplorationWorld) {
        var ids = world.machine.machines.values.compactMap { $0.outstanding?.id }
        for entry in world.pending {
            if case .perform(_, let id, _, _) = entry.call { ids.append(id) }
        }
        ids.sort { ($0.vm, $0.number) < ($1.vm, $1.number) }
        for id in ids where known[id] == nil { known[id] = Int64(known.count) }
    }

    func of(_ id: VMEffectID) -> Int64 { known[id] ?? -1 }
}

extension NodeMachine {
    fileprivate func canonical(at now: Instant, _ ranks: EffectRanks) -> NodeMachine {
        var copy = self
        var moments = [lookBegan, inventoryBegan] + heardStops.values.map(\.at)
        moments += machines.values.compactMap(\.domainKnownAt)
        moments.sort()
        func rank(_ moment: Instant) -> Instant {
            var distinct = -1
            var last: Instant?
            for other in moments where other <= moment {
                if other != last { distinct += 1 }
                last = other
            }
            return Instant(nanoseconds: Int64(distinct))
        }
        func left(_ moment: Instant?) -> Instant? {
            moment.map {
                Instant(nanoseconds: (now.duration(to: $0) + .milliseconds(5)).wholeNanoseconds / 10_000_000)
            }
        }
        copy.lookBegan = rank(lookBegan)
        copy.inventoryBegan = rank(inventoryBegan)
        copy.nextRead = left(nextRead)
        copy.nextLook = left(nextLook)
        copy.serving.retryAt = left(serving.retryAt)
        for (vm, heard) in heardStops { copy.heardStops[vm]?.at = rank(heard.at) }
        for (vm, entry) in recording { copy.recording[vm]?.retryAt = left(entry.retryAt) }
        for (vm, one) in machines {
            var other = one
            other.deadline = left(one.deadline)
            other.domainKnownAt = one.domainKnownAt.map(rank)
            other.effectCount = 0
            if let awaited = one.outstanding {
                other.outstanding?.id = VMEffectID(vm: vm, number: ranks.of(awaited.id))
            }
            if let since = one.runningSince {
                other.runningSince = Instant(
                    nanoseconds: since.duration(to: now) >= one.limits.stableAfter ? 1 : 0)
            }
            if let since = one.adoptedAt {
                let limit = one.limits.powerOff + one.limits.shutdown
                other.adoptedAt = Instant(nanoseconds: since.duration(to: now) >= limit ? 1 : 0)
            }
            other.silence.since = left(one.silence.since) ?? .start
            if one.phase != .booting && one.phase != .running { other.silence = AgentSilence() }
            copy.machines[vm] = other
        }
        return copy
    }
}

extension NodeExplorationWorld.Call {
    /// The call of an effect that nobody awaits any more: only what it does counts.
    fileprivate var withoutNumbers: NodeExplorationWorld.Call {
        guard case .perform(let effect, let id, let epoch, let request) = self else { return self }
        return .perform(effect, VMEffectID(vm: id.vm, number: 0), epoch, request: request)
    }
}
