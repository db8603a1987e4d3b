import XCTest

/// Small protocols: whoever conforms to one, fakes it or wraps it writes every method of it.
final class ProtocolTests: XCTestCase {
    /// Of any protocol.
    private let methodsMax = 12
    /// Of a port, which always has a fake and a contract suite besides.
    private let portMethodsMax = 8

    func testProtocolsHaveFewMethods() throws {
        var ports = 0
        var others = 0
        for file in try SourceTree().files {
            let isPort = file.module == "FarmPorts"
            let most = isPort ? portMethodsMax : methodsMax
            for found in protocols(of: file) {
                if isPort { ports += 1 } else { others += 1 }
                XCTAssertLessThanOrEqual(
                    found.methods, most,
                    "\(file.path):\(found.line): protocol \(found.name) is too wide: split it by"
                        + " noun or by who uses it")
            }
        }
        XCTAssertGreaterThan(ports, 10, "the ports were not found")
        XCTAssertGreaterThan(others, 10, "the other protocols were not found")
    }

    func testMethodsAreCounted() {
        let lines = [
            "package protocol Wide: Sendable {", "    func one()", "    mutating func two(",
            "        _ body: () -> Void",
            "    )", "    static func three()", "    init(text: String)", "    var value: Int { get }", "}", "",
            "protocol Empty {}", "struct NoProtocol {", "    func four() {}", "}",
        ]
        let found = protocols(of: SourceTree.File(path: "Sources/Example/Wide.swift", lines: lines))
        XCTAssertEqual(found.map(\.name), ["Wide", "Empty"])
        XCTAssertEqual(found.map(\.methods), [4, 0])
    }

    private struct Found {
        let name: String
        let line: Int
        var methods = 0
    }

    /// Protocols at the left margin, which is where all of ours are, and the methods and initializers they ask for.
    private func protocols(of file: SourceTree.File) -> [Found] {
        var found: [Found] = []
        var isInside = false
        for (number, line) in file.lines.enumerated() {
            let words = line.split { " (<:".contains($0) }.map(String.init)
            if !line.hasPrefix(" "), let keyword = words.prefix(3).firstIndex(of: "protocol"), words.count > keyword + 1
            {
                found.append(Found(name: words[keyword + 1], line: number + 1))
                isInside = !line.hasSuffix("}")
            } else if line.hasPrefix("}") || line.hasPrefix("{}") {
                isInside = false
            } else if isInside, line.hasPrefix("    "), !line.hasPrefix("     ") {
                let isMethod = words.prefix(3).contains("func") || words.first == "init"
                if isMethod { found[found.count - 1].methods += 1 }
            }
        }
        return found
    }
}
