import Foundation

/// How far a long step is, on standard error: in place on a terminal, now and then a line otherwise.
struct Progress {
    private let what: String
    private let total: Int64
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private var lastPercent = -1

    init(_ what: String, total: Int64) {
        self.what = what
        self.total = max(total, 1)
    }

    /// Shorter steps are over before anybody reads of them.
    private static let totalMin: Int64 = 16 << 20

    mutating func reached(_ done: Int64) {
        guard total >= Self.totalMin else { return }
        let percent = Int(done * 100 / total)
        guard percent != lastPercent, isTerminal || percent / 25 != lastPercent / 25 || lastPercent < 0 else { return }
        lastPercent = percent
        let line = "\(what): \(percent) % of \(sizeText(total))"
        FileHandle.standardError.write(Data((isTerminal ? "\r\(line)" : "\(line)\n").utf8))
    }

    func end() {
        if isTerminal, total >= Self.totalMin { FileHandle.standardError.write(Data("\n".utf8)) }
    }
}

/// `1.5 GiB`.
func sizeText(_ bytes: Int64) -> String {
    var size = Double(bytes)
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if size < 1024 { return unit == "B" ? "\(bytes) B" : String(format: "%.1f \(unit)", size) }
        size /= 1024
    }
    return String(format: "%.1f TiB", size)
}
