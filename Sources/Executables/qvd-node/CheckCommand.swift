import ArgumentParser
import NodeConfiguration
import TextEncodings

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Looks whether this node can serve, and says what to do when it cannot.",
        discussion: "Changes nothing. Exits with 1 when a finding keeps the node from serving.")

    @OptionGroup var options: CommonOptions
    @Flag(help: "Print only what is wrong.") var quiet = false

    func run() async throws {
        let configuration: NodeConfiguration
        do {
            configuration = try NodeConfiguration.read(from: options.config)
        } catch {
            print(ForeignText.lines(CheckFinding.failed("configuration", "\(error)", remedy: "mend the file").text))
            throw ExitCode.failure
        }
        let findings = await NodeCheckup(configuration).findings()
        for finding in findings where !quiet || finding.grade != .fine { print(ForeignText.lines(finding.text)) }
        if findings.contains(where: { $0.grade == .failed }) { throw ExitCode.failure }
    }
}

/// One thing that was looked at.
struct CheckFinding {
    enum Grade: String { case fine = "ok  ", poor = "warn", failed = "FAIL" }

    let grade: Grade
    let subject: String
    let words: String
    let remedy: String?

    static func fine(_ subject: String, _ words: String) -> CheckFinding {
        CheckFinding(grade: .fine, subject: subject, words: words, remedy: nil)
    }

    static func poor(_ subject: String, _ words: String, remedy: String) -> CheckFinding {
        CheckFinding(grade: .poor, subject: subject, words: words, remedy: remedy)
    }

    static func failed(_ subject: String, _ words: String, remedy: String) -> CheckFinding {
        CheckFinding(grade: .failed, subject: subject, words: words, remedy: remedy)
    }

    var text: String {
        let pad = String(repeating: " ", count: max(1, 14 - subject.count))
        let advice = remedy.map { "\n                     do: \($0)" } ?? ""
        return "\(grade.rawValue)  \(subject)\(pad) \(words)\(advice)"
    }
}
