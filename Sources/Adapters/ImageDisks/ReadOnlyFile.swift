import FarmPorts
import Glibc

/// A regular file, open to be read at places. It blocks: use it inside `BlockingCalls`.
struct ReadOnlyFile: ~Copyable {
    /// What tells a file from another that took its name, or from itself after a change.
    struct Identity: Sendable, Equatable {
        let device: UInt, inode: UInt
        let size: Int64
        let seconds: Int, nanoseconds: Int
    }

    let path: String
    let identity: Identity
    private let descriptor: Int32

    /// Throws `.notFound` when there is nothing of this path, `.corrupt` when it is no regular file.
    ///
    /// - Parameter followsLinks: whether a symbolic link at the path's end is followed.
    init(_ path: String, followsLinks: Bool, attempt: String) throws(PortError) {
        // Nothing waits here for the other end of a pipe that somebody put in a file's place.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followsLinks ? 0 : O_NOFOLLOW)
        let descriptor = open(path, flags)
        guard descriptor >= 0 else { throw FileCalls.error(errno, attempt: attempt, path: path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw PortError(.rejected, .corrupt, attempt: attempt, detail: "\(path) is not a regular file")
        }
        self.path = path
        self.descriptor = descriptor
        identity = Identity(
            device: status.st_dev, inode: status.st_ino, size: Int64(status.st_size), seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
    }

    deinit { close(descriptor) }

    /// These bytes, or fewer where the file ends.
    func read(_ range: Range<Int64>, attempt: String) throws(PortError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(range.lowerBound) + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileCalls.error(errno, attempt: attempt, path: path) }
            if count == 0 { break }
            done += count
        }
        bytes.removeLast(bytes.count - done)
        return bytes
    }
}
