import FarmPorts
import Foundation
import SQLRecords
import Synchronization

/// Notices that somebody committed to the database: another process, or another connection of this one.
///
/// SQLite's `data_version` is a number that changes for a connection when another one has committed. It is read from
/// the shared index in memory, 40 times a second; one look takes 3 µs.
final class ChangeWatch: Sendable {
    static let period: TimeInterval = 0.025
    /// Between two looks at a database that cannot be read.
    static let periodAfterError: TimeInterval = 1

    private struct State {
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextWatcher = 0
        var isRunning = false
        var isClosed = false
    }

    private let path: String
    private let state = Mutex(State())

    init(path: String) { self.path = path }

    func changes() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (number, startsThread) = state.withLock { state -> (Int?, Bool) in
            guard !state.isClosed else { return (nil, false) }
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = continuation
            defer { state.isRunning = true }
            return (state.nextWatcher, !state.isRunning)
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: number) }
        }
        // A thread, because each look is a blocking call. It ends with `close`.
        if startsThread { Thread.detachNewThread { self.watch() } }
        return stream
    }

    func close() {
        let watchers = state.withLock { state in
            defer { state.watchers = [:] }
            state.isClosed = true
            return state.watchers
        }
        for continuation in watchers.values { continuation.finish() }
    }

    private func watch() {
        var connection: SQLiteConnection?
        var version: Int64?
        while !state.withLock(\.isClosed) {
            do {
                if connection == nil { connection = try SQLiteConnection(path: path, busyTimeout: 100) }
                let seen = try connection?.integer("PRAGMA data_version")
                // The first look also wakes: what was committed before it was seen by nobody.
                if seen != version { wake() }
                version = seen
                Thread.sleep(forTimeInterval: Self.period)
            } catch {
                // Whoever is woken meets the same error with a caller to tell it to.
                connection = nil
                version = nil
                wake()
                Thread.sleep(forTimeInterval: Self.periodAfterError)
            }
        }
    }

    private func wake() {
        let watchers = state.withLock { $0.watchers.values.map { $0 } }
        for continuation in watchers { continuation.yield() }
    }
}
