import Dispatch
import Foundation
import Synchronization

/// A worker thread with one connection of its own: a call that hangs in it blocks nobody else.
final class LibvirtSlot: Sendable {
    typealias Job = @Sendable (inout LibvirtConnection) -> Void

    private struct Mailbox {
        var job: Job?
        var isEnding = false
    }
    private let mailbox = Mutex(Mailbox())
    private let news = DispatchSemaphore(value: 0)

    init(uri: String) {
        let thread = Thread { [self] in
            var connection = LibvirtConnection(uri: uri)
            while let job = next() { job(&connection) }
        }
        thread.name = "libvirt-slot"
        thread.start()
    }

    /// The slot must be idle.
    func run(_ job: @escaping Job) {
        mailbox.withLock { $0.job = job }
        news.signal()
    }

    /// Ends the thread once the job it has is done, and closes its connection.
    func end() {
        mailbox.withLock { $0.isEnding = true }
        news.signal()
    }

    private func next() -> Job? {
        while true {
            news.wait()
            let (job, isEnding) = mailbox.withLock { mailbox in
                defer { mailbox.job = nil }
                return (mailbox.job, mailbox.isEnding)
            }
            if let job { return job }
            if isEnding { return nil }
        }
    }
}
