import Logging
import Simulator

/// What the services wrote into their log, as lines `level message key=value`.
final class Journal: Sendable {
    private let kept = Confined<[String]>([])

    var lines: [String] { kept.value }

    /// Lines that contain all of the words.
    func lines(with words: String...) -> [String] {
        lines.filter { line in words.allSatisfy(line.contains) }
    }

    var logger: Logger {
        var logger = Logger(label: "journal") { _ in Handler(journal: self) }
        logger.logLevel = .debug
        return logger
    }

    private struct Handler: LogHandler {
        let journal: Journal
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let pairs = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
            let words = [event.level.rawValue, event.message.description] + pairs
            journal.kept.value.append(words.joined(separator: " "))
        }
    }
}
