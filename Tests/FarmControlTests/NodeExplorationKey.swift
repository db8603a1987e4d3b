import FarmModel

@testable import FarmControl
import FarmRules

/// Two worlds with the same key behave the same: moments count only by their order or distance, effects only
/// by which is awaited.
extension NodeSearchState {
    func key(withBudget: Bool) -> SearchKey {
        let ranks = EffectRanks(self)
        var hasher = Hasher()
        machine.normalized(at: now, number: ranks.of).hash(into: &hasher)
        polls.hash(from: now, into: &hasher)
        for entry in pending {
            switch entry.call {
            case .perform(let effect, let id, let epoch, let request):
                hasher.combine(effect)
                hasher.combine(ranks.of(id))
                hasher.combine(epoch)
                hasher.combine(request)
                if case .finished(_, let outcome)? = entry.answer { hasher.combine(outcome) }
            case .begin(let id, let epoch, let secret):
                hasher.combine(ranks.of(id))
                hasher.combine(epoch)
                hasher.combine(secret)
                if case .began(_, let outcome)? = entry.answer { hasher.combine(outcome) }
            case .read(let vms, let number):
                // One that was given up is made all the same.
                hasher.combine(vms)
                hasher.combine(number == machine.rowWords.question.number)
                hasher.combine(entry.answer?.withoutNumber)
            case .look(let source, let number):
                hasher.combine(source)
                hasher.combine(number == machine.inventory[source].number)
                hasher.combine(entry.answer?.withoutNumber)
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
        if withBudget {
            hasher.combine(budget)
            hasher.combine(fencesLeft)
        }
        return SearchKey(hasher)
    }
}

/// Numbers the effects that are still of interest from the oldest, per VM.
struct EffectRanks {
    private var known: [VMEffectID: Int64] = [:]

    init(_ world: NodeSearchState) {
        var ids = world.machine.vms.machines.values.compactMap { $0.progress.outstanding?.id }
        for entry in world.pending {
            if case .perform(_, let id, _, _) = entry.call { ids.append(id) }
            if case .begin(let id, _, _) = entry.call { ids.append(id) }
        }
        ids.sort { ($0.vm, $0.number) < ($1.vm, $1.number) }
        for id in ids where known[id] == nil { known[id] = Int64(known.count) }
    }

    func of(_ id: VMEffectID) -> Int64 { known[id] ?? -1 }
}

extension DesiredState {
    fileprivate var withoutRevision: DesiredState {
        var copy = self
        copy.revision = Revision(0)
        return copy
    }
}

extension NodeEvent {
    /// Numbers only say whether an answer is late.
    fileprivate var withoutNumber: NodeEvent {
        switch self {
        case .read(let wanted, _): .read(wanted.withoutRevision, number: 0)
        case .readFailed(let words, _): .readFailed(words, number: 0)
        case .looked(let found, _): .looked(found, number: 0)
        default: self
        }
    }
}

extension NodeSearchState.Call {
    /// The call of an effect that nobody awaits any more: only what it does counts.
    fileprivate var withoutNumbers: NodeSearchState.Call {
        switch self {
        case .perform(let effect, let id, let epoch, let request):
            return .perform(effect, VMEffectID(vm: id.vm, number: 0), epoch, request: request)
        case .begin(let id, let epoch, let secret): return .begin(VMEffectID(vm: id.vm, number: 0), epoch, secret)
        default: return self
        }
    }
}
