import FarmModel

/// The ending of every domain of a node, past what is wanted of its VMs. Domains are found by looking, never from what
/// the node believes to run; taps go at once, so that what does not die is off the network.
///
///     told to fence: end what is known to live
///          │
///          ▼
///        look ◄────────────────────────────────────────────────────────┐
///          ├─ something lives: end it ─► all has reported, or a pause ─┘
///          └─ nothing lives, and nothing is out that could make a domain: fenced
///
/// Only a look counts that began after everything had reported that could still make a domain.
struct Fence: Sendable, Hashable {
    enum Action: Sendable, Hashable {
        case look(NodeSource)
        case remove([Leftover])
        /// No domain of the farm lives on the node, and none can appear.
        case beFenced
    }

    private let retryAfter: Duration
    /// What was being built when the node was told to fence.
    private var awaited: Set<VMEffectID>
    /// What is being removed.
    private var removing: Set<Leftover> = []
    /// What was to be removed since the last pause, so that what does not go is not removed again without one.
    private var tried: Set<Leftover> = []
    /// When something was last reported, awaited or removed: a look from before that shows what may be gone, or lacks
    /// what may be there.
    private var changedAt: Instant
    /// When to look again, for something lived still.
    private(set) var retryAt: Instant?

    init(awaiting effects: [VMEffectID], retryAfter: Duration, at now: Instant) {
        self.retryAfter = retryAfter
        awaited = Set(effects)
        changedAt = now
    }

    /// What to do first: what is known to be there is ended without waiting for a look.
    mutating func begin(_ inventory: Inventory, at now: Instant) -> [Action] {
        remove(taps(in: inventory)) + endDomains(inventory, at: now) + [.look(.network), .look(.hypervisor)]
    }

    /// Takes an event that is no answer to a look. Those of the store say nothing any more.
    mutating func receive(_ event: NodeEvent, at now: Instant) -> [Action] {
        switch event {
        case .finished(let effect, _):
            awaited.remove(effect)
            return reported(at: now)
        case .collected(let leftover):
            removing.remove(leftover)
            return reported(at: now)
        case .hypervisor: return [.look(.hypervisor)]
        case .lookDue: return [.look(.network), .look(.hypervisor)]
        case .tick:
            guard let retryAt, retryAt <= now else { return [] }
            self.retryAt = nil
            tried = []
            return [.look(.network), .look(.hypervisor)]
        default: return []
        }
    }

    private mutating func reported(at now: Instant) -> [Action] {
        changedAt = now
        return isQuiet ? [.look(.network), .look(.hypervisor)] : []
    }

    /// Nothing is out that could still change what lives.
    private var isQuiet: Bool { awaited.isEmpty && removing.isEmpty }

    /// Judges what a look has found.
    mutating func saw(_ source: NodeSource, _ inventory: Inventory, at now: Instant) -> [Action] {
        guard source == .network || source == .hypervisor else { return [] }
        guard changedAt <= inventory[source].began else { return [.look(source)] }
        if source == .network { return remove(taps(in: inventory)) }
        if inventory.liveVMs.isEmpty, isQuiet { return [.beFenced] }
        return endDomains(inventory, at: now)
    }

    private func taps(in inventory: Inventory) -> [Leftover] { inventory.taps.map { .tap($0) } }

    private mutating func endDomains(_ inventory: Inventory, at now: Instant) -> [Action] {
        retryAt = now.advanced(by: retryAfter)
        return remove(inventory.liveVMs.map { .domain($0) })
    }

    private mutating func remove(_ leftovers: [Leftover]) -> [Action] {
        let new = leftovers.filter { !removing.contains($0) && tried.insert($0).inserted }
        removing.formUnion(new)
        return new.isEmpty ? [] : [.remove(new)]
    }

    func normalized(_ moments: Normalization) -> Fence {
        var copy = self
        copy.awaited = Set(awaited.map { VMEffectID(vm: $0.vm, number: moments.number($0)) })
        copy.changedAt = moments.rank(changedAt)
        copy.retryAt = retryAt.map(moments.left)
        return copy
    }
}
