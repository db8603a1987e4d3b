import XCTest

/// Small rooms: a file is read in one sitting, a function on one screen.
final class SizeTests: XCTestCase {
    private let fileLinesMax = 400
    private let functionLinesMax = 70
    private let columnsMax = 120

    func testFilesFunctionsAndLinesAreShort() throws {
        for file in try SourceTree().files {
            XCTAssertLessThanOrEqual(
                file.lines.count, fileLinesMax + 1, "\(file.path) is too long: split it by reason to change")
            for (number, line) in file.lines.enumerated() where line.count > columnsMax {
                XCTFail("\(file.path):\(number + 1) has \(line.count) columns; \(columnsMax) is the most")
            }
            for function in functions(of: file) where function.length > functionLinesMax {
                XCTFail("\(file.path):\(function.line): \(function.length) lines; \(functionLinesMax) is the most")
            }
        }
    }

    func testFoldersSayWhatIsInThem() throws {
        let empty: Set<String> = ["Utils", "Util", "Helpers", "Common", "Misc", "Extras", "Shared", "New"]
        for file in try SourceTree().files {
            let named = Set(file.path.split(separator: "/").map(String.init))
            XCTAssert(named.isDisjoint(with: empty), "\(file.path): a folder's name says what is in it")
        }
    }

    func testNoPlaceholderIsLeft() throws {
        for file in try SourceTree().files {
            XCTAssertFalse(file.path.hasSuffix("Placeholder.swift"), "\(file.path) is still empty")
        }
    }

    private struct Function {
        let line: Int
        let length: Int
    }

    /// Functions by indentation: from `func` or `init` to the brace that closes at the same column.
    private func functions(of file: SourceTree.File) -> [Function] {
        var found: [Function] = []
        for (start, line) in file.lines.enumerated() {
            let indent = line.prefix { $0 == " " }.count
            let words = line.split { " (<?".contains($0) }.map(String.init)
            guard words.contains("func") || words.prefix(4).contains("init"), !line.hasPrefix("//") else { continue }
            let closing = String(repeating: " ", count: indent) + "}"
            guard
                let end = file.lines[(start + 1)...].firstIndex(where: {
                    $0.prefix { $0 == " " }.count <= indent && !$0.isEmpty && !$0.hasPrefix(closing.dropLast() + ")")
                }), file.lines[end].hasPrefix(closing)
            else { continue }
            found.append(Function(line: start + 1, length: end - start))
        }
        return found
    }
}
