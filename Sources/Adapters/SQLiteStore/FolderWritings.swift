import Foundation
import Glibc

/// Tells that files of a folder are written, made or removed: `inotify` of the kernel. It may tell more than there is;
/// it tells nothing of what is written through shared memory.
final class FolderWritings: Sendable {
    private let descriptor: CInt

    /// Nil when the kernel does not watch the folder: it is none, or too many are watched already.
    init?(of folder: String) {
        descriptor = inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        let mask = UInt32(IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM)
        guard inotify_add_watch(descriptor, folder, mask) >= 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }

    /// Returns when something was written since the last call, or after this time.
    ///
    /// - Returns: whether something was written.
    func wait(atMost limit: Duration) -> Bool {
        var watched = pollfd(fd: descriptor, events: CShort(POLLIN), revents: 0)
        guard poll(&watched, 1, CInt(limit / .milliseconds(1))) > 0 else { return false }
        // What exactly was written is of no interest.
        var events = [UInt8](repeating: 0, count: 4096)
        while read(descriptor, &events, events.count) > 0 {}
        return true
    }
}
