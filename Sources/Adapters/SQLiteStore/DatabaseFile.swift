import FarmModel
import FarmPorts
import FarmRules
import FarmStore
import Glibc
import SQLRecords
import SystemCalls

/// Who may use a database besides its owner.
package struct DatabaseAccess: Sendable, Hashable {
    /// Owner of the file and its folder; nil leaves the one who makes them.
    package var user: UInt32?
    /// Group of both; nil leaves the process's own.
    package var group: UInt32?

    package init(user: UInt32? = nil, group: UInt32? = nil) {
        self.user = user
        self.group = group
    }
}

/// The making of a new database file.
enum DatabaseFile {
    /// Read and write for owner and group: two processes of different users open it.
    static let mode: mode_t = 0o660
    /// The group sticks to what is made inside, so that the log files of the write-ahead log can be opened by both.
    static let folderMode: mode_t = 0o2770

    /// Under another name first and then linked, so that no half-made database ever has the name, and none that
    /// exists is ever replaced.
    static func create(
        at path: String, identity: FarmIdentity, access: DatabaseAccess, migrator: Migrator
    ) throws(PortError) {
        try makeFolder(of: path, access)
        let unfinished = "\(path).new-\(getpid())"
        unlink(unfinished)
        defer {
            for suffix in ["", "-journal", "-wal", "-shm"] { unlink(unfinished + suffix) }
        }
        let descriptor = Glibc.open(unfinished, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw systemFailure(path) }
        defer { Glibc.close(descriptor) }
        guard fchown(descriptor, access.user ?? uid_t.max, access.group ?? gid_t.max) == 0,
            fchmod(descriptor, mode) == 0
        else { throw systemFailure(path) }
        try fill(unfinished, identity, migrator)
        guard fsync(descriptor) == 0 else { throw systemFailure(path) }
        guard link(unfinished, path) == 0 else {
            guard errno == EEXIST else { throw systemFailure(path) }
            throw PortError(
                .rejected, .alreadyExists, attempt: "making the database \(path)",
                detail: "there is a file already; it was left as it is. Remove it yourself if its farm is not needed"
                    + " any more, or choose another database.path in node.conf")
        }
        try syncFolder(of: path)
    }

    private static func fill(
        _ path: String, _ identity: FarmIdentity, _ migrator: Migrator
    ) throws(PortError) {
        let connection = try SQLiteConnection(path: path, busyTimeout: 1000)
        try migrator.begin(connection)
        _ = try migrator.migrate(connection)
        do {
            try connection.writeTransaction { () throws(LedgerError) in
                let records = SQLRecords(statements: connection)
                try records.put(identity)
                try records.put(.standard)
                _ = try records.nextNumber(of: .tenant)
            } _: {
                .rows($0)
            }
        } catch {
            throw PortError(error, attempt: "making the database \(path)")
        }
        // Remembered in the file itself: readers never wait for the writer, nor the writer for readers.
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw PortError(
                .rejected, .unavailable, attempt: "making the database \(path)",
                detail: "its file system has no shared memory for SQLite's write-ahead log; put it on a local disk")
        }
    }

    private static func makeFolder(of path: String, _ access: DatabaseAccess) throws(PortError) {
        let folder = folder(of: path)
        if mkdir(folder, folderMode) != 0 {
            guard errno == EEXIST else { throw systemFailure(path) }
            guard let group = access.group else { return }
            if try isOpen(folder, to: group, path) { return }
        }
        // After mkdir, because chown may clear and umask has cleared bits of the mode.
        guard chown(folder, access.user ?? uid_t.max, access.group ?? gid_t.max) == 0, chmod(folder, folderMode) == 0
        else { throw systemFailure(path) }
    }

    /// Whether the group may write into a folder that exists. An empty folder was made for the database and is adapted;
    /// one that holds other things is left to its owner.
    private static func isOpen(_ folder: String, to group: gid_t, _ path: String) throws(PortError) -> Bool {
        var facts = stat()
        guard stat(folder, &facts) == 0 else { throw systemFailure(path) }
        let rights: mode_t = 0o2070
        if facts.st_gid == group && facts.st_mode & rights == rights { return true }
        guard let listing = opendir(folder) else { throw systemFailure(path) }
        defer { closedir(listing) }
        var entries = 0
        while readdir(listing) != nil { entries += 1 }
        // Two of them are `.` and `..`.
        guard entries <= 2 else {
            throw PortError(
                .rejected, .denied, attempt: "making the database \(path)",
                detail: "the group (database.group) cannot write into \(folder), and it holds other files; give the"
                    + " database a folder of its own (database.path), or run `chgrp \(group) \(folder)` and `chmod"
                    + " 2770 \(folder)`")
        }
        return false
    }

    private static func syncFolder(of path: String) throws(PortError) {
        let code = FileBytes.syncFolder(of: path)
        guard code == 0 else { throw systemFailure(path, code: code) }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func systemFailure(_ path: String, code number: Int32 = errno) -> PortError {
        let reason: PortError.Reason =
            switch number {
            case ENOSPC, EDQUOT: .noSpace
            case EACCES, EPERM, EROFS: .denied
            case ENOENT, ENOTDIR: .notFound
            default: .unavailable
            }
        let advice =
            switch reason {
            case .noSpace: "free space on its disk"
            case .denied: "run this as root, or choose another database.path in node.conf"
            case .notFound: "make the folder above it, or choose another database.path in node.conf"
            default: "look at the disk and the kernel log"
            }
        return PortError(
            .rejected, reason, attempt: "making the database \(path)",
            detail: "\(String(cString: strerror(number))) (errno \(number)); \(advice)")
    }
}
