/// Lets a few callers in at a time, the rest in the order they came; more than a stated number are turned
/// away.
actor PasswordQueue {
    private let activeMax: Int
    private let waitingMax: Int
    private var active = 0
    private var waiting: [(ticket: Int64, turn: AsyncStream<Void>.Continuation)] = []
    private var lastTicket: Int64 = 0

    init(activeMax: Int, waitingMax: Int) {
        self.activeMax = activeMax
        self.waitingMax = waitingMax
    }

    /// False when too many wait or the task was cancelled; then `leave` must not be called.
    func enter() async -> Bool {
        if active < activeMax {
            active += 1
            return true
        }
        guard waiting.count < waitingMax else { return false }
        lastTicket += 1
        let ticket = lastTicket
        let (turns, turn) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        waiting.append((ticket, turn))
        for await _ in turns { return true }
        if let place = waiting.firstIndex(where: { $0.ticket == ticket }) {
            waiting.remove(at: place)
        } else {
            // The turn came together with the cancellation: pass it on.
            leave()
        }
        return false
    }

    func leave() {
        if waiting.isEmpty {
            active -= 1
        } else {
            waiting.removeFirst().turn.yield()
        }
    }
}
