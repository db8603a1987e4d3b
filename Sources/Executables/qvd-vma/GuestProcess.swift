import Glibc
import GuestControl

/// A process that was started by this agent or by its predecessor.
enum GuestProcess {
    static func identify(_ id: Int32) throws(AgentFailure) -> ProcessIdentity? {
        try GuestFile.text("/proc/\(id)/stat", limit: 4096).flatMap { ProcessIdentity(stat: $0) }
    }

    /// Whether it runs; one of ours that has ended is reaped.
    static func isAlive(_ process: ProcessIdentity?) -> Bool {
        guard let process else { return false }
        do throws(AgentFailure) {
            if try identify(process.id) == process { return true }
        } catch {
            // ESRCH while reading: it ended just now.
        }
        var status: Int32 = 0
        waitpid(process.id, &status, WNOHANG)
        return false
    }

    /// Signals the process if it is still the same.
    static func signal(_ process: ProcessIdentity?, _ number: Int32) {
        guard let process, isAlive(process) else { return }
        kill(process.id, number)
    }

    /// Signals everything in the session that the process began, though it may have ended itself.
    static func signalGroup(_ process: ProcessIdentity?, _ number: Int32) {
        guard let process, process.id > 1 else { return }
        kill(-process.id, number)
    }
}
