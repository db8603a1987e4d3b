import Glibc
import GuestControl
import Synchronization

/// One line a fact on standard error, which is the guest's console. The caller keeps secrets out; what other
/// programs say is put on one line and masked.
enum AgentLog {
    static func info(_ text: String) { write(text) }
    static func warning(_ text: String) { write("warning: " + text) }
    static func error(_ text: String) { write("error: " + text) }

    /// The longest line, in bytes.
    private static let lengthMax = 2000
    private static let isWriting = Mutex(())

    private static func write(_ text: String) {
        let scalars = SecretMask.mask(text).unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
        var line = Array(String(String.UnicodeScalarView(scalars)).utf8.prefix(lengthMax))
        line = Array("qvd-vma: ".utf8) + line + [0x0a]
        isWriting.withLock { _ in
            // A console that takes nothing more must not stop the agent.
            _ = line.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
        }
    }
}
