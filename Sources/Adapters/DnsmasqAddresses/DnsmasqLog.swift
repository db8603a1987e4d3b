import Glibc

/// Reads what dnsmasq appends to its log, and keeps the log small: nobody else turns it over, and a guest can
/// make dnsmasq write a line with every frame.
struct DnsmasqLog {
    let path: String
    private var offset: off_t = 0

    /// 10,000 reservations that are read anew are about 1 MB of lines.
    private static let sizeMax: off_t = 4 << 20
    private static let chunk = 1 << 20

    init(path: String) { self.path = path }

    /// What is in the log already is old.
    mutating func skipToEnd() {
        var status = stat()
        offset = stat(path, &status) == 0 ? status.st_size : 0
    }

    /// Whole lines that were appended since the last call; none when there is no log.
    mutating func newLines() -> [Substring] {
        var status = stat()
        guard stat(path, &status) == 0, status.st_size > offset else { return [] }
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Self.chunk)
        while true {
            let count = pread(descriptor, &buffer, buffer.count, offset + off_t(text.count))
            guard count > 0 else { break }
            text += buffer[..<count]
            if text.count > Int(Self.sizeMax) { break }
        }
        guard let end = text.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        offset += off_t(end + 1)
        // dnsmasq appends (O_APPEND), so after this it goes on at the beginning. A line written this very
        // moment is lost, which is no loss.
        if offset > Self.sizeMax, ftruncate(descriptor, 0) == 0 { offset = 0 }
        return String(decoding: text[...end], as: UTF8.self).split(separator: "\n")
    }
}
