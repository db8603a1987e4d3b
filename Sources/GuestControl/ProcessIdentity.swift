/// One process for its whole life: ids are used again, the pair of id and start time is not.
package struct ProcessIdentity: Sendable, Hashable {
    package let id: Int32
    /// In clock ticks after boot.
    package let started: UInt64

    package init(id: Int32, started: UInt64) {
        self.id = id
        self.started = started
    }

    /// A process as `/proc/ID/stat` tells; nil when the text is something else or the process is dead and only
    /// waits for its parent. One whose first thread is dead lives while another does: that still holds its files and
    /// sockets.
    package init?(stat: String) {
        // The name is in brackets and may contain anything, brackets included.
        guard let opening = stat.firstIndex(of: "("), let closing = stat.lastIndex(of: ")"), opening < closing,
            let id = Int32(stat[..<opening].trimmingSpace)
        else { return nil }
        let fields = stat[stat.index(after: closing)...].split(whereSeparator: \.isWhitespace)
        // Field 3 of proc(5), the state of the first thread, comes first here; 20 is the number of threads that are
        // left, 22 the start time.
        guard fields.count > 19, let threads = Int(fields[17]), let started = UInt64(fields[19]),
            threads > 1 || (fields[0] != "Z" && fields[0] != "X")
        else { return nil }
        self.init(id: id, started: started)
    }

    /// How it is kept in a file: `1234 567890 BOOT`, where the last names this boot of the machine.
    package func fileText(boot: String) -> String { "\(id) \(started) \(boot.filter { !$0.isWhitespace })\n" }

    /// Nil for another boot, and for what `fileText` does not write.
    package init?(file: String, boot: String) {
        let words = file.split(whereSeparator: \.isWhitespace)
        guard words.count == 3, let id = Int32(words[0]), id > 1, let started = UInt64(words[1]),
            words[2] == boot.filter({ !$0.isWhitespace })
        else { return nil }
        self.init(id: id, started: started)
    }
}

extension Substring {
    fileprivate var trimmingSpace: Substring {
        var text = drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}
