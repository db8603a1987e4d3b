import FarmModel
import FarmPorts
import Glibc

/// Files being made: they carry names that start with `.part-<farm>-` until they are whole. Who makes one
/// holds a shared lock on the folder's `.lock-<farm>` meanwhile. The kernel drops the lock when its holder
/// dies, so that who gets the lock alone knows that every partial file is the leftover of a crash and may go.
struct PartialFiles: Sendable {
    let farm: FarmID
    let folder: String

    /// A partial file and the lock on its folder.
    struct Making: Sendable {
        let path: String
        fileprivate let lock: Int32

        /// Removes the file, unless it was renamed meanwhile, and gives the lock back. To be called once.
        func end() {
            unlink(path)  // best effort: what stays is collected later
            close(lock)
        }
    }

    /// Makes an empty partial file of mode 0600; call `end` in any case. Blocks.
    func make(_ name: String, attempt: String) throws(PortError) -> Making {
        let lock = try open(LOCK_SH, attempt: attempt)
        do throws(PortError) {
            let made = try FileCalls.makeUnique("\(folder)/\(prefix)\(name).", attempt: attempt)
            close(made.descriptor)
            return Making(path: made.path, lock: lock)
        } catch {
            close(lock)
            throw error
        }
    }

    /// Removes what crashes left, unless somebody is making a file just now (then the next call does).
    /// Blocks.
    func collect(attempt: String) throws(PortError) {
        let names = try FileCalls.listing(folder, attempt: attempt).filter { $0.hasPrefix(prefix) }
        if names.isEmpty { return }
        let lock: Int32
        do throws(PortError) {
            lock = try open(LOCK_EX | LOCK_NB, attempt: attempt)
        } catch {
            if error.reason == .busy { return }
            throw error
        }
        defer { close(lock) }
        // Read again under the lock: a file may have become whole since.
        for name in try FileCalls.listing(folder, attempt: attempt) where name.hasPrefix(prefix) {
            try FileCalls.remove("\(folder)/\(name)", attempt: attempt)
        }
    }

    private var prefix: String { ".part-\(farm)-" }

    private func open(_ mode: Int32, attempt: String) throws(PortError) -> Int32 {
        let path = "\(folder)/.lock-\(farm)"
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let code = errno
            throw code == ENOENT
                ? FileCalls.missingFolder(folder, attempt: attempt)
                : FileCalls.error(code, attempt: attempt, path: path)
        }
        while flock(descriptor, mode) != 0 {
            let code = errno
            if code == EINTR { continue }
            close(descriptor)
            if code == EWOULDBLOCK {
                throw PortError(.rejected, .busy, attempt: attempt, detail: "\(path) is locked")
            }
            throw FileCalls.error(code, attempt: attempt, path: path)
        }
        return descriptor
    }
}
