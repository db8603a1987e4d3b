import Foundation
import XCTest

/// docs/man says what the programs' own help says: every verb and every option, and no other.
final class ManualPageTests: XCTestCase {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The page as a reader sees it: without requests for fonts, and `\-` as the hyphen it prints.
    private func page(_ name: String) throws -> String {
        var text = try String(contentsOf: root.appending(path: "docs/man/\(name)"), encoding: .utf8)
        for (mark, printed) in [("\\-", "-"), ("\\fB", ""), ("\\fI", ""), ("\\fR", ""), ("\"", "")] {
            text = text.replacingOccurrences(of: mark, with: printed)
        }
        return text
    }

    /// Every `--option` that stands in the text.
    private func options(in text: String) -> Set<String> {
        var found: Set<String> = []
        for piece in text.components(separatedBy: "--").dropFirst() {
            let name = piece.prefix { $0.isLetter || $0.isNumber || $0 == "-" }
            if !name.isEmpty { found.insert("--\(name)") }
        }
        return found
    }

    func testEveryProgramHasAPageThatSaysAllThatItsHelpSays() throws {
        for (program, section) in [("qvd", 1), ("qvd-node", 8), ("qvd-client", 1), ("qvd-sim", 1), ("qvd-vma", 8)] {
            let name = "\(program).\(section)"
            let page = try page(name)
            XCTAssert(page.hasPrefix(".TH \(program.uppercased()) \(section) "), name)
            for heading in ["NAME", "SYNOPSIS", "DESCRIPTION", "SEE ALSO"] {
                XCTAssert(page.contains(".SH \(heading)\n"), "\(name) has no section \(heading)")
            }
            let commands = try CommandHelp.of(program).command.all()
            XCTAssert(program != "qvd" || commands.count > 30, "the help of qvd names \(commands.count) commands")
            for (path, _) in commands where path.count > 1 {
                // A noun is shown by its verbs.
                let words = path.joined(separator: " ")
                XCTAssert(page.contains(words), "\(name) does not name `\(words)`")
            }
            let told = Set(commands.flatMap(\.command.options)).subtracting(["--experimental-dump-help"])
            XCTAssertFalse(told.isEmpty, "the help of \(program) has no options")
            let written = options(in: page)
            XCTAssertEqual(told.subtracting(written), [], "\(name) lacks these options")
            XCTAssertEqual(written.subtracting(told), [], "\(name) has options that \(program) does not have")
        }
    }
}
