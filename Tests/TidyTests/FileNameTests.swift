import XCTest

/// A file that only adds to one type is found by the type's name: `Type+Topic.swift`.
final class FileNameTests: XCTestCase {
    private static let modifiers: Set<String> = [
        "package", "public", "internal", "private", "fileprivate", "final", "indirect", "nonisolated",
    ]
    private static let keywords: Set<String> = [
        "struct", "class", "enum", "actor", "protocol", "typealias", "extension", "func", "let", "var",
    ]

    /// What a file declares at its outermost level: keyword and name.
    private func declarations(of file: SourceTree.File) -> [(keyword: String, name: String)] {
        file.lines.compactMap { line in
            guard line.first?.isLetter == true || line.first == "@" else { return nil }
            let words = line.split(whereSeparator: { " :<({".contains($0) }).map(String.init)
                .drop { Self.modifiers.contains($0) || $0.hasPrefix("@") }
            guard let keyword = words.first, Self.keywords.contains(keyword), words.count > 1 else { return nil }
            return (keyword, words[words.startIndex + 1])
        }
    }

    func testAFileOfExtensionsIsNamedByTypeAndTopic() throws {
        var count = 0
        for file in try SourceTree(["Sources", "Simulation"]).files {
            let found = declarations(of: file)
            guard !found.isEmpty, found.allSatisfy({ $0.keyword == "extension" }) else { continue }
            let types = Set(found.map { $0.name.prefix { $0 != "." } })
            guard types.count == 1, let type = types.first else { continue }
            count += 1
            let name = file.path.split(separator: "/").last ?? ""
            XCTAssert(name.hasPrefix("\(type)+"), "\(file.path) only extends \(type): call it \(type)+Topic.swift")
        }
        XCTAssertGreaterThan(count, 20, "the rule looks at files at all")
    }

    func testDeclarationsAreRead() throws {
        let lines = ["package extension A.B {", "    struct C {}", "@MainActor final class D: E {", "func f() {"]
        let found = declarations(of: SourceTree.File(path: "x", lines: lines))
        XCTAssertEqual(found.map { "\($0.keyword) \($0.name)" }, ["extension A.B", "class D", "func f"])
    }
}
