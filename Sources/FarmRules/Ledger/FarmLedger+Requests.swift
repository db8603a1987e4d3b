package import FarmModel

extension FarmLedger: RequestRows {
    package func answer(to request: RequestID, of actor: String) -> StoredAnswer? {
        answers[RequestKey(actor: actor, request: request)]
    }

    package mutating func put(_ answer: StoredAnswer, to request: RequestID, of actor: String) {
        countWrite()
        let key = RequestKey(actor: actor, request: request)
        answers[key] = answer
        answeredRequests.append(key)
        // In blocks, because taking from the front of an array moves all of it.
        guard answeredRequests.count > Int(answersHeld) + 1000 else { return }
        for old in answeredRequests.prefix(1000) { answers[old] = nil }
        answeredRequests.removeFirst(1000)
    }
}

/// A request, and whose it is.
struct RequestKey: Sendable, Hashable {
    private let actor: [UInt8]
    private let request: RequestID

    /// By the actor's bytes, as a database compares: Swift holds composed and decomposed letters for equal.
    init(actor: String, request: RequestID) {
        self.actor = Array(actor.utf8)
        self.request = request
    }
}
