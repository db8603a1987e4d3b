import Synchronization

/// Counts what a stream of changes says.
final class WakeCount: Sendable {
    private let count = Mutex(0)
    private let task = Mutex<Task<Void, Never>?>(nil)

    init(_ changes: AsyncStream<Void>) {
        let listening = Task { [weak self] in
            for await _ in changes { self?.count.withLock { $0 += 1 } }
        }
        task.withLock { $0 = listening }
    }

    deinit { task.withLock { $0?.cancel() } }

    /// The count once it has stood still for 0.3 s, which is long for every store: they say a change at once or look
    /// for it many times a second. One that never stands still fails.
    func whenQuiet() async throws -> Int {
        for _ in 0..<20 {
            let before = count.withLock(\.self)
            try await Task.sleep(for: .milliseconds(300))
            let after = count.withLock(\.self)
            if after == before { return after }
        }
        throw StoreContractFailure(
            message: "watchers are woken again and again, and nobody changes anything", file: #fileID, line: #line)
    }
}
