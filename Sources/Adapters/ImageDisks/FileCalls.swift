import FarmPorts
import Glibc
import SystemCalls

/// System calls on files, with errno kept and put into words. They block: make them through `BlockingCalls`, off the
/// cooperative pool, which has one thread per core and would stand still behind a slow disk.
enum FileCalls {
    /// A local disk answers in milliseconds, network storage that fails over in some seconds.
    static let limit = Duration.seconds(30)

    /// Nil when there is nothing under this path (or a dangling link).
    static func status(_ path: String, attempt: String) throws(PortError) -> stat? {
        var status = stat()
        if stat(path, &status) == 0 { return status }
        let code = errno
        if code == ENOENT { return nil }
        throw error(code, attempt: attempt, path: path)
    }

    /// Names in the folder, sorted.
    static func listing(_ folder: String, attempt: String) throws(PortError) -> [String] {
        guard let handle = opendir(folder) else {
            let code = errno
            throw code == ENOENT
                ? missingFolder(folder, attempt: attempt) : error(code, attempt: attempt, path: folder)
        }
        defer { closedir(handle) }
        var names: [String] = []
        errno = 0
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                field.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
            errno = 0
        }
        let code = errno
        guard code == 0 else { throw error(code, attempt: attempt, path: folder) }
        return names.sorted()
    }

    /// Idempotent.
    static func remove(_ path: String, attempt: String) throws(PortError) {
        if unlink(path) != 0 {
            let code = errno
            if code != ENOENT { throw error(code, attempt: attempt, path: path) }
        }
    }

    static func rename(_ old: String, to new: String, attempt: String) throws(PortError) {
        if Glibc.rename(old, new) != 0 { throw error(errno, attempt: attempt, path: new) }
    }

    /// Writes what the kernel holds of a file or folder to the disk.
    static func sync(_ path: String, attempt: String) throws(PortError) {
        let code = FileBytes.sync(path)
        if code != 0 { throw error(code, attempt: attempt, path: path) }
    }

    /// A new empty file of mode 0600 with a name nobody else has: the given path and six more characters.
    static func makeUnique(_ path: String, attempt: String) throws(PortError) -> (
        path: String, descriptor: Int32
    ) {
        var template = Array((path + "XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            let code = errno
            let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
                separator: "/")
            throw code == ENOENT
                ? missingFolder(folder, attempt: attempt) : error(code, attempt: attempt, path: path)
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)  // cannot fail on a descriptor just opened
        return (String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self), descriptor)
    }

    /// - Parameter path: a folder or file on the storage in question.
    static func space(at path: String, attempt: String) throws(PortError) -> (free: Int64, total: Int64) {
        var space = statvfs()
        guard statvfs(path, &space) == 0 else {
            let code = errno
            throw code == ENOENT
                ? missingFolder(path, attempt: attempt) : error(code, attempt: attempt, path: path)
        }
        let unit = Int64(space.f_frsize)
        return (Int64(space.f_bavail) * unit, Int64(space.f_blocks) * unit)
    }

    static func missingFolder(_ folder: String, attempt: String) -> PortError {
        PortError(
            .rejected, .unavailable, attempt: attempt,
            detail: "there is no folder \(folder); make it, or mount the storage it belongs to")
    }

    static func error(_ code: Int32, attempt: String, path: String) -> PortError {
        let reason: PortError.Reason =
            switch code {
            case ENOSPC, EDQUOT: .noSpace
            case ENOENT: .notFound
            case EEXIST: .alreadyExists
            case EACCES, EPERM, EROFS: .denied
            case EBUSY, ETXTBSY: .busy
            case EIO, ESTALE, ENXIO, EMFILE, ENFILE, ENOMEM: .unavailable
            default: .invalid
            }
        var detail = "\(path): \(String(cString: strerror(code))) (errno \(code))"
        if reason == .noSpace { detail += freeSpaceWords(near: path) }
        return PortError(.rejected, reason, attempt: attempt, detail: detail)
    }

    /// `; 3 MiB of 64 MiB are free on the storage of /x; free some` or nothing when that cannot be found out.
    static func freeSpaceWords(near path: String) -> String {
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        var space = statvfs()
        guard statvfs(folder, &space) == 0 else { return "" }
        let unit = UInt(space.f_frsize)
        let free = UInt(space.f_bavail) * unit >> 20
        let total = UInt(space.f_blocks) * unit >> 20
        return "; \(free) MiB of \(total) MiB are free in \(folder); free some space there and start again"
    }
}
