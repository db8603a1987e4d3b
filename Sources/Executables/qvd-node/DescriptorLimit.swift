import Glibc

/// How many files and sockets a process may have open (getrlimit(2)).
enum DescriptorLimit {
    /// Raises the soft limit, which is 1,024 on most systems, to the hard one: a session takes two sockets.
    static func raise() throws {
        var limit = rlimit()
        var result = getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
        if result == 0 {
            limit.rlim_cur = limit.rlim_max
            result = setrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
        }
        guard result == 0 else { throw SystemFailure(errno, "raising the limit of open files") }
    }
}
