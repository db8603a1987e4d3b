import Glibc
import Logging
import TextEncodings

/// The daemons' log: one line for each fact on standard error, written by one call, so that the lines of processes that
/// share it do not mix.
struct LogLines: LogHandler {
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    /// The longest message that is kept, in characters.
    private static let lengthMax = 4_000

    init(label: String, level: Logger.Level) {
        self.label = label
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }.map { name, value in
            LogField.text(name, "\(value)")
        }
        let head = (["\(Self.time()) \(event.level) \(label):"] + fields).joined(separator: " ")
        let message = ForeignText.shown("\(event.message)", upTo: Self.lengthMax)
        let line = Array("\(head) [\(event.source)] \(message)\n".utf8)
        // A log that takes nothing more must not stop a daemon.
        _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }

    private static func time() -> String {
        var now = Glibc.time(nil)
        var parts = tm()
        gmtime_r(&now, &parts)
        return String(unsafeUninitializedCapacity: 64) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { strftime($0.baseAddress!, 64, "%Y-%m-%dT%H:%M:%S+0000", &parts) }
        }
    }
}
