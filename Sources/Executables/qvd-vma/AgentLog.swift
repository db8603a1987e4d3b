import Glibc
import GuestControl
import Synchronization
import TextEncodings

/// One line a fact on standard error, which is the guest's console. The caller keeps secrets out; what other
/// programs say is made fit to be shown, and masked.
enum AgentLog {
    static func info(_ text: String) { write(text) }
    static func warning(_ text: String) { write("warning: " + text) }
    static func error(_ text: String) { write("error: " + text) }

    /// The longest line, in bytes.
    private static let lengthMax = 2000
    private static let isWriting = Mutex(())

    private static func write(_ text: String) {
        var line = Array(ForeignText.shown(SecretMask.mask(text), upTo: .max).utf8.prefix(lengthMax))
        line = Array("qvd-vma: ".utf8) + line + [0x0a]
        isWriting.withLock { _ in
            // A console that takes nothing more must not stop the agent.
            _ = line.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
        }
    }
}
