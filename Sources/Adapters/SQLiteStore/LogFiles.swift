import CSQLite
import Glibc

/// The files beside a database, `-wal` and `-shm`, which SQLite makes when a process opens it and none has it open.
///
/// SQLite makes them with open(2), which takes the umask off their mode, and puts the mode right with a second call.
/// A process of another user that opens the database between the two may only read them, and fails for as long as it
/// lives with "attempt to write a readonly database": so failed now and then a router that started beside its house
/// keeper. A process that is killed between the two leaves them like that. Hence these files are made here: under
/// another name with owner, group and mode of the database, and then linked.
enum LogFiles {
    private typealias OpenCall = @convention(c) (UnsafePointer<CChar>?, Int32, Int32) -> Int32

    /// From its first use on SQLite opens every file of this process through `open`.
    static let areMadeWhole: Void = {
        let open: OpenCall = { path, flags, mode in
            guard let path else {
                errno = EFAULT
                return -1
            }
            return LogFiles.open(path, flags, mode_t(truncatingIfNeeded: mode))
        }
        guard let system = sqlite3_vfs_find(nil),
            system.pointee.xSetSystemCall?(system, "open", unsafeBitCast(open, to: sqlite3_syscall_ptr.self))
                == SQLITE_OK
        else { preconditionFailure("this SQLite opens files by other means than open(2), and shares no database") }
    }()

    /// As open(2), but a log file is never seen with fewer rights than the database has.
    private static func open(_ path: UnsafePointer<CChar>, _ flags: Int32, _ mode: mode_t) -> Int32 {
        guard flags & O_CREAT != 0, flags & O_EXCL == 0, let database = database(ofLog: String(cString: path)) else {
            return Glibc.open(path, flags, mode)
        }
        // Whoever closes the database last removes its log files, so they may go between the two calls.
        for _ in 0..<100 {
            let descriptor = Glibc.open(path, flags & ~O_CREAT)
            guard descriptor < 0, errno == ENOENT else { return descriptor }
            let code = make(String(cString: path), for: database)
            guard code == 0 || code == EEXIST else {
                errno = code
                return -1
            }
        }
        errno = EBUSY
        return -1
    }

    private static func database(ofLog path: String) -> String? {
        for suffix in ["-wal", "-shm"] where path.hasSuffix(suffix) { return String(path.dropLast(suffix.count)) }
        return nil
    }

    /// - Returns: 0, or the number of the system's error.
    private static func make(_ path: String, for database: String) -> Int32 {
        var facts = stat()
        guard stat(database, &facts) == 0 else { return errno }
        // Of this thread alone, as one process may open the database on several.
        let unfinished = "\(path).new-\(getpid())-\(pthread_self())"
        unlink(unfinished)
        let descriptor = Glibc.open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { return errno }
        defer {
            close(descriptor)
            unlink(unfinished)
        }
        // Only root may give a file away; the group is for everybody else the folder's, which is the database's.
        if geteuid() == 0, fchown(descriptor, facts.st_uid, facts.st_gid) != 0 { return errno }
        guard fchmod(descriptor, facts.st_mode & 0o777) == 0, link(unfinished, path) == 0 else { return errno }
        return 0
    }
}
