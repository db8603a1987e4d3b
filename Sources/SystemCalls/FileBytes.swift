import Glibc

/// What has to be repeated or looked up around write(2) and fsync(2). Each returns 0 or errno.
package enum FileBytes {
    /// All of them, however the kernel cuts them.
    package static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            var place = 0
            while place < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: place), bytes.count - place)
                if count < 0, errno == EINTR { continue }
                if count < 0 { return errno }
                if count == 0 { return ENOSPC }
                place += count
            }
            return 0
        }
    }

    /// Writes to the disk that a name in the folder of this path came, changed or went.
    package static func syncFolder(of path: String) -> Int32 {
        guard let slash = path.lastIndex(of: "/") else { return sync(".") }
        return sync(slash == path.startIndex ? "/" : String(path[..<slash]))
    }

    /// A file or a folder.
    package static func sync(_ path: String) -> Int32 {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        return fsync(descriptor) == 0 ? 0 : errno
    }
}
