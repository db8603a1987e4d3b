import Glibc

/// A system call that failed: what was being done, errno, and its words.
struct SystemFailure: Error, CustomStringConvertible {
    let code: Int32
    let attempt: String
    var advice = ""

    init(_ code: Int32, _ attempt: String, advice: String = "") {
        self.code = code
        self.attempt = attempt
        self.advice = advice
    }

    var description: String { "\(attempt): \(Self.words(code))" + (advice.isEmpty ? "" : "; \(advice)") }

    static func words(_ code: Int32) -> String { "\(String(cString: strerror(code))) (errno \(code))" }
}

/// Where a symbolic link points; nil (and errno) when it cannot be read.
func readLink(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = bytes.withUnsafeMutableBytes { buffer in
        buffer.baseAddress.map { readlink(path, $0, buffer.count) } ?? -1
    }
    return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
}
