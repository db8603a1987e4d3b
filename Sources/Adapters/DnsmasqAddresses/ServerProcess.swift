import Glibc

/// A running dnsmasq of ours, known by the process id file that is named among its arguments: no number alone
/// is trusted, for numbers are used again.
struct ServerProcess: Sendable, Equatable {
    let pid: pid_t
    let arguments: [String]

    /// The one that wrote this process id file and still runs.
    init?(processIDFile: String) {
        guard let text = Self.contents(of: processIDFile, limit: 32),
            let pid = pid_t(text.filter(\.isNumber)),
            let arguments = Self.arguments(of: pid), arguments.contains("--pid-file=\(processIDFile)")
        else { return nil }
        self.pid = pid
        self.arguments = arguments
    }

    /// A process just started with these arguments.
    init(pid: pid_t, arguments: [String]) {
        self.pid = pid
        self.arguments = arguments
    }

    /// False also for one that ended and was not yet waited for: it has no arguments any more.
    var isRunning: Bool { Self.arguments(of: pid) == arguments }

    /// Whether it was started and is not yet the program that was asked for: until the kernel has its arguments it
    /// looks like one that has ended.
    var isBecoming: Bool {
        guard let status = Self.contents(of: "/proc/\(pid)/stat", limit: 4096) else { return false }
        let state = status.split(separator: ")").last?.split(separator: " ").first
        return state != "Z" && state != "X" && !isRunning
    }

    func signal(_ number: Int32) { if isRunning { kill(pid, number) } }

    /// Without the program's name. Nil when there is no such process.
    private static func arguments(of pid: pid_t) -> [String]? {
        guard let line = contents(of: "/proc/\(pid)/cmdline", limit: 65_536) else { return nil }
        return line.split(separator: "\0").dropFirst().map(String.init)
    }

    private static func contents(of path: String, limit: Int) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = read(descriptor, &bytes, limit)
        return count > 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
    }
}
