import FarmPorts
import Foundation
import SQLRecords
import Synchronization

/// Notices that somebody committed to the database: another process, or another connection of this one.
///
/// SQLite's `data_version` is a number that changes for a connection when another one has committed; one look takes
/// some 10 µs. The kernel says when a file in the database's folder is written, which happens before the commit can be
/// seen, so from then on the looks follow each other closely for a while. Between, and where the kernel cannot say it,
/// they find what nobody told.
final class ChangeWatch: Sendable {
    /// Between two looks while commits are to be expected.
    static let period: TimeInterval = 0.025
    /// How long after the last writing commits are to be expected: longer than a disk takes to make one lasting.
    static let expected = Duration.seconds(2)
    /// Between two looks while nobody writes.
    static let idlePeriod = Duration.milliseconds(250)
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
        var pace = Pace(of: (path as NSString).deletingLastPathComponent)
        var connection: SQLiteConnection?
        var version: Int64?
        while !state.withLock(\.isClosed) {
            do {
                if connection == nil { connection = try SQLiteConnection(path: path, busyTimeout: 100) }
                let seen = try connection?.integer("PRAGMA data_version")
                // The first look also wakes: what was committed before it was seen by nobody.
                if seen != version { wake() }
                version = seen
                pace.pause()
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

    /// When to look again.
    private struct Pace {
        /// Nil where the kernel does not tell of writings.
        private let writings: FolderWritings?
        private var commitsExpectedUntil = ContinuousClock.now + ChangeWatch.expected

        init(of folder: String) { writings = FolderWritings(of: folder) }

        mutating func pause() {
            guard let writings, ContinuousClock.now >= commitsExpectedUntil else {
                Thread.sleep(forTimeInterval: ChangeWatch.period)
                if writings?.wait(atMost: .zero) == true { expectCommits() }
                return
            }
            if writings.wait(atMost: ChangeWatch.idlePeriod) { expectCommits() }
        }

        private mutating func expectCommits() { commitsExpectedUntil = ContinuousClock.now + ChangeWatch.expected }
    }
}
