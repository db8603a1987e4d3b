import Glibc

/// Files the agent reads and writes. Paths that a user could have changed are opened without following a link.
enum GuestFile {
    /// The first `limit` bytes; nil when there is no such file.
    static func read(_ path: String, limit: Int = 1 << 20) throws(AgentFailure) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw AgentFailure("open \(path)", errno: errno)
        }
        defer { close(file) }
        return try read(file, path, limit: limit)
    }

    static func text(_ path: String, limit: Int = 1 << 20) throws(AgentFailure) -> String? {
        try read(path, limit: limit).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func read(_ file: Int32, _ path: String, limit: Int) throws(AgentFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: min(limit, 1 << 16))
        while bytes.count < limit {
            let got = Glibc.read(file, &chunk, min(chunk.count, limit - bytes.count))
            if got < 0 {
                if errno == EINTR { continue }
                throw AgentFailure("read \(path)", errno: errno)
            }
            if got == 0 { break }
            bytes += chunk[..<got]
        }
        return bytes
    }

    /// Replaces the file as a whole, with this mode and owner from its first byte on.
    static func write(
        _ bytes: [UInt8], to path: String, mode: mode_t, user: Int? = nil, group: Int? = nil
    ) throws(AgentFailure) {
        let fresh = path + ".new"
        unlink(fresh)
        let file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw AgentFailure("make \(fresh)", errno: errno) }
        var failure = put(bytes, into: file)
        if failure == 0, let user, let group, fchown(file, uid_t(user), gid_t(group)) < 0 { failure = errno }
        if failure == 0, fchmod(file, mode) < 0 { failure = errno }
        if failure == 0, fsync(file) < 0 { failure = errno }
        close(file)
        if failure == 0, rename(fresh, path) < 0 { failure = errno }
        guard failure == 0 else {
            unlink(fresh)
            throw AgentFailure("write \(path)", errno: failure)
        }
    }

    /// 0, or errno.
    private static func put(_ bytes: [UInt8], into file: Int32) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(count)
        }
        return 0
    }

    /// A folder with this mode and owner, made if need be; one that is a link or something else is refused.
    static func folder(
        _ path: String, mode: mode_t, user: Int = 0, group: Int = 0
    ) throws(AgentFailure) {
        if mkdir(path, mode) < 0, errno != EEXIST { throw AgentFailure("make folder \(path)", errno: errno) }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { throw AgentFailure("open folder \(path)", errno: errno) }
        defer { close(folder) }
        guard fchown(folder, uid_t(user), gid_t(group)) == 0, fchmod(folder, mode) == 0 else {
            throw AgentFailure("set the owner of folder \(path)", errno: errno)
        }
    }

    /// Removes a file or a link; that there is none is as good.
    static func remove(_ path: String) throws(AgentFailure) {
        if unlink(path) < 0, errno != ENOENT { throw AgentFailure("remove \(path)", errno: errno) }
    }

    /// Opens a log to which programs append. Only root reads it.
    static func log(_ path: String) throws(AgentFailure) -> Int32 {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw AgentFailure("open log \(path)", errno: errno) }
        return file
    }
}
