/// What nxagent writes into its state file. `STARTING` and `RESUMING` come just before it waits for the client's
/// proxy; then it waits for ever.
package enum NXAgentState: String, Sendable, Hashable, CaseIterable {
    case starting = "STARTING"
    case running = "RUNNING"
    case suspending = "SUSPENDING"
    case suspended = "SUSPENDED"
    case resuming = "RESUMING"
    case terminating = "TERMINATING"
    case terminated = "TERMINATED"

    /// The longest state file worth reading, in bytes.
    package static let fileLengthMax = 64

    /// Nil for a file that is empty, being written, or not a state: the next look tells.
    package init?(file: [UInt8]) {
        guard file.count <= Self.fileLengthMax else { return nil }
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) || $0 == 0 }
        let trimmed = file.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        self.init(rawValue: String(decoding: trimmed, as: UTF8.self))
    }
}
