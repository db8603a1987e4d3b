import FarmModel
import SimulatedPorts
import Simulator
import TextEncodings

/// What a failed run tells: the seed, the plan, the invariant, the last events, and how to see it again.
package enum Report {
    /// Events shown before the violation.
    static let eventsShown = 50

    /// - Parameter result: of a run that kept its entries and words.
    package static func text(_ result: RunResult, replay: String) -> String {
        guard let violation = result.violation else { return "no violation\n" }
        var lines = [
            "VIOLATION of \(violation.invariant)",
            "  \(violation.words)",
            "  at \(Instant(nanoseconds: violation.at)) s of virtual time, seed \(result.plan.seed),"
                + " digest \(hexadecimal(result.trace.digest))",
            "", "The plan:",
        ]
        lines += ScenarioText.write(result.plan).split(separator: "\n").map { "  \($0)" }
        let about = violation.vm.map { " about VM \($0), and of the processes' lives" } ?? ""
        lines += ["", "The last events\(about):"]
        lines += events(result, of: violation.vm?.rawValue).map { "  \($0)" }
        lines += ["", "To see it again:", "  \(replay)", ""]
        return lines.joined(separator: "\n")
    }

    /// The last entries that concern the object, or all.
    private static func events(_ result: RunResult, of subject: Int64?) -> [String] {
        let entries = result.trace.entries
        let wanted = entries.indices.filter { index in
            let entry = entries[index]
            let isOfNoVM = entry.subject == 0 && entry.kind >= TraceKind.processStarted.rawValue
            return subject == nil || entry.subject == subject || isOfNoVM
                || (result.trace.words[index] ?? "").hasPrefix("VIOLATION")
        }
        return wanted.suffix(eventsShown).map { line(result, $0) }
    }

    /// Every entry, one line each.
    package static func lines(_ result: RunResult) -> [String] {
        result.trace.entries.indices.map { line(result, $0) }
    }

    /// One entry: time, who, what.
    package static func line(_ result: RunResult, _ index: Int) -> String {
        let entry = result.trace.entries[index]
        let source = Int(entry.source) < result.sources.count ? result.sources[Int(entry.source)] : "?"
        let mark = entry.outcome & 0x8000_0000 != 0 ? "✗ " : ""
        let words = result.trace.words[index] ?? "kind \(entry.kind) of \(entry.subject): \(entry.value)"
        let time = Instant(nanoseconds: entry.at).description
        return "\(String(repeating: " ", count: max(0, 10 - time.count)))\(time)  \(source)  \(mark)\(words)"
    }

    package static func hexadecimal(_ digest: UInt64) -> String {
        Hexadecimal.text(digest)
    }
}
