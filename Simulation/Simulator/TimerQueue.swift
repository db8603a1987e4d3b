import HeapModule

/// What happens at which moment. Two entries of the same moment come out in the order they went in: the heap alone
/// is not stable, so each entry carries its number.
struct TimerQueue {
    enum Waiter {
        case sleeper(UnsafeContinuation<Bool, Never>)
        case action(() -> Void)
        /// Waits for the first moment, of those each `every` apart, at which `isLeftOut` is false.
        case poller(UnsafeContinuation<Bool, Never>, every: Int64, isLeftOut: () -> Bool)
    }

    private struct Entry: Comparable {
        var at: Int64
        var number: UInt64
        var slot: Int

        static func < (left: Entry, right: Entry) -> Bool {
            left.at != right.at ? left.at < right.at : left.number < right.number
        }
    }

    private struct Slot {
        var number: UInt64
        var waiter: Waiter?
    }

    private var heap = Heap<Entry>()
    private var nextNumber: UInt64 = 0
    /// A slot stays taken until its entry leaves the heap, so that no entry ever wakes a later user of its slot.
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []

    /// The next moment at which something may be due; cancelled entries count.
    var firstMoment: Int64? { heap.min?.at }

    /// What `cancel` needs: the number tells a slot's users apart.
    struct Ticket {
        var slot: Int
        var number: UInt64
    }

    /// Takes a slot for a waiter that comes in a moment, with `arm`, or never, with `giveBack`.
    mutating func reserve() -> Ticket {
        let number = nextNumber
        nextNumber += 1
        if let slot = freeSlots.popLast() {
            slots[slot].number = number
            return Ticket(slot: slot, number: number)
        }
        slots.append(Slot(number: number, waiter: nil))
        return Ticket(slot: slots.count - 1, number: number)
    }

    mutating func arm(_ ticket: Ticket, _ waiter: Waiter, at moment: Int64) {
        slots[ticket.slot].waiter = waiter
        heap.insert(Entry(at: moment, number: ticket.number, slot: ticket.slot))
    }

    mutating func giveBack(_ ticket: Ticket) { freeSlots.append(ticket.slot) }

    /// Takes the waiter out, if it still waits; its entry stays until its moment.
    mutating func cancel(_ ticket: Ticket) -> Waiter? {
        guard slots[ticket.slot].number == ticket.number else { return nil }
        defer { slots[ticket.slot].waiter = nil }
        return slots[ticket.slot].waiter
    }

    /// The next entry; `waiter` is nil when it was cancelled, or left its moment out.
    mutating func popFirst() -> (at: Int64, waiter: Waiter?)? {
        guard let entry = heap.min else { return nil }
        let waiter = slots[entry.slot].waiter
        if case .poller(_, let every, let isLeftOut)? = waiter, isLeftOut() {
            heap.replaceMin(with: Entry(at: entry.at + every, number: nextNumber, slot: entry.slot))
            nextNumber += 1
            return (entry.at, nil)
        }
        heap.removeMin()
        slots[entry.slot].waiter = nil
        freeSlots.append(entry.slot)
        return (entry.at, waiter)
    }
}
