import CSQLite
import FarmPorts
import Glibc

/// What SQLite said, as a port error that names the file and what to do.
///
/// - Parameters:
///   - code: an extended result code.
///   - systemError: errno of the failed call below, 0 when there was none.
///   - isCommit: a commit that failed half-way may have happened.
func portError(
    attempt: String, path: String, code: Int32, message: String, systemError: Int32, isCommit: Bool = false
) -> PortError {
    var numbers = "SQLite \(code)"
    if systemError != 0 { numbers += ", errno \(systemError): \(String(cString: strerror(systemError)))" }
    let (reason, advice) = meaning(of: code, systemError: systemError)
    let isUnknown = isCommit && reason == .unavailable
    return PortError(
        isUnknown ? .outcomeUnknown : .rejected, reason, attempt: attempt,
        detail: "database \(path): \(message) (\(numbers)); \(advice)")
}

private func meaning(of code: Int32, systemError: Int32) -> (PortError.Reason, advice: String) {
    if [ENOSPC, EDQUOT].contains(systemError) { return (.noSpace, "free space on its disk") }
    return switch code & 0xff {
    case SQLITE_FULL: (.noSpace, "free space on its disk")
    case SQLITE_BUSY, SQLITE_LOCKED: (.busy, "another process holds its write lock; try again")
    case SQLITE_READONLY: (.denied, "make the file and its folder writable for this user (see database.group)")
    case SQLITE_PERM, SQLITE_AUTH: (.denied, "this user must be in the database's group (see database.group)")
    case SQLITE_CANTOPEN: cannotOpen(systemError)
    case SQLITE_CORRUPT, SQLITE_NOTADB: (.corrupt, "stop qvd-node and restore the file from a backup")
    case SQLITE_CONSTRAINT: (.invalid, "the statement contradicts rows that exist; this is a defect, report it")
    default: (.unavailable, "look at the disk and the kernel log")
    }
}

private func cannotOpen(_ systemError: Int32) -> (PortError.Reason, advice: String) {
    switch systemError {
    case ENOENT: (.notFound, "`qvd init` makes a database; database.path in node.conf says where")
    case EACCES, EPERM, EROFS: (.denied, "this user must be in the database's group (see database.group)")
    default: (.unavailable, "look at the path, its folder and their owners")
    }
}
