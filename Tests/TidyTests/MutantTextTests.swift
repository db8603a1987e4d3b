import Foundation
import XCTest

/// The mutants of decisions (Tests/Mutants) follow the sources: a text that is no longer there would break no rule.
final class MutantTextTests: XCTestCase {
    private struct Entry {
        var place: String
        var fields: [String: String] = [:]
    }

    func testEveryMutantStillChangesOneText() throws {
        var names: Set<String> = []
        for entry in try entries() {
            let name = entry.fields["mutant"] ?? ""
            XCTAssertFalse(name.isEmpty, "\(entry.place): the entry has no `mutant:`")
            XCTAssertTrue(names.insert(name).inserted, "\(entry.place): there is another mutant \(name)")
            for field in ["file", "rule", "text", "replacement"] {
                XCTAssertFalse((entry.fields[field] ?? "").isEmpty, "\(entry.place): \(name) has no `\(field)`")
            }
            let text = entry.fields["text"] ?? ""
            XCTAssertNotEqual(text, entry.fields["replacement"], "\(entry.place): \(name) changes nothing")
            let path = entry.fields["file"] ?? ""
            let source = try? String(contentsOf: SourceTree.root.appending(path: path), encoding: .utf8)
            let count = source.map { $0.components(separatedBy: text).count - 1 }
            XCTAssertEqual(count, 1, "\(entry.place): the text of \(name) must occur once in \(path)")
        }
        XCTAssertGreaterThanOrEqual(names.count, 40)
    }

    private func entries() throws -> [Entry] {
        let folder = SourceTree.root.appending(path: "Tests/Mutants")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".txt") && $0 != "survivors.txt" }.sorted()
        return try files.flatMap { file in
            self.entries(of: file, try String(contentsOf: folder.appending(path: file), encoding: .utf8))
        }
    }

    /// The format is described in Tests/Mutants/README.md.
    private func entries(of file: String, _ text: String) -> [Entry] {
        var entries: [Entry] = []
        var entry: Entry?
        var block: String?
        for (number, line) in text.components(separatedBy: "\n").enumerated() {
            if line.hasPrefix("--- ") {
                block = String(line.dropFirst(4))
                guard block == "end" else { continue }
                entries.append(entry ?? Entry(place: "\(file):\(number + 1)"))
                (entry, block) = (nil, nil)
            } else if let block {
                let before = entry?.fields[block]
                entry?.fields[block] = before.map { "\($0)\n\(line)" } ?? line
            } else if let colon = line.firstIndex(of: ":"), !line.hasPrefix("#") {
                if entry == nil { entry = Entry(place: "\(file):\(number + 1)") }
                entry?.fields[String(line[..<colon])] = line[line.index(after: colon)...]
                    .trimmingCharacters(in: .whitespaces)
            }
        }
        XCTAssertNil(entry, "\(file): the last entry has no `--- end`")
        return entries
    }
}
