import FarmModel
import Glibc
import GuestControl

/// The first and the last MiB of a block device.
struct HomeDevice {
    enum Edge { case first, last }

    private static let edgeLength = 1 << 20

    let path: String
    /// In bytes.
    private let size: Int

    init(_ path: String) throws(AgentFailure) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw AgentFailure("open the user disk \(path)", errno: errno) }
        defer { close(file) }
        size = lseek(file, 0, SEEK_END)
        self.path = path
        guard size >= HomeDisk.sizeMin else {
            throw AgentFailure("the user disk \(path) has \(size) bytes, less than the \(HomeDisk.sizeMin) it needs")
        }
    }

    func edge(_ edge: Edge) throws(AgentFailure) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw AgentFailure("open the user disk \(path)", errno: errno) }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Self.edgeLength)
        var place = 0
        let start = edge == .first ? 0 : size - Self.edgeLength
        while place < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                pread(file, $0.baseAddress?.advanced(by: place), $0.count - place, start + place)
            }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw AgentFailure("read the user disk \(path) at \(start + place)", errno: errno) }
            place += got
        }
        return bytes
    }

    /// Writes at the place of the mark, and waits until it is stored.
    func write(_ bytes: [UInt8]) throws(AgentFailure) {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw AgentFailure("open the user disk \(path) for writing", errno: errno) }
        defer { close(file) }
        let put = bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, size - HomeDisk.markDistance) }
        guard put == bytes.count, fsync(file) == 0 else {
            throw AgentFailure("write to the user disk \(path)", errno: errno)
        }
    }
}
