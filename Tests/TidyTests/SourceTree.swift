import Foundation

/// The project's own Swift files, as the tidy tests read them.
struct SourceTree {
    struct File {
        /// Relative to the project: `Sources/FarmModel/Node.swift`.
        let path: String
        let lines: [String]

        /// The module it belongs to.
        var module: String {
            let parts = path.split(separator: "/").map(String.init)
            let isNested = ["Adapters", "Executables", "C"].contains(parts[1])
            return isNested ? parts[2] : parts[1]
        }

        /// Modules it imports, with the number of the line.
        var imports: [(module: String, line: Int)] {
            lines.enumerated().compactMap { number, line in
                var words = line.split(separator: " ")
                while let first = words.first, ["package", "internal", "private", "@testable"].contains(first) {
                    words.removeFirst()
                }
                guard words.first == "import", words.count >= 2 else { return nil }
                return (String(words[words.count - 1].prefix { $0 != "." }), number + 1)
            }
        }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    let files: [File]

    struct NothingFound: Error, CustomStringConvertible {
        let description: String
    }

    /// - Throws: what reading the files throws, and `NothingFound` for a folder without Swift files: a rule that holds
    ///   for no file at all would hold for ever.
    init(_ folders: [String] = ["Sources", "Simulation", "Tests"]) throws {
        var files: [File] = []
        for folder in folders {
            let base = Self.root.appending(path: folder)
            let count = files.count
            guard let walk = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else {
                throw NothingFound(description: "looking for Swift files: \(base.path) cannot be read")
            }
            for case let url as URL in walk where url.pathExtension == "swift" {
                let text = try String(contentsOf: url, encoding: .utf8)
                let path = String(url.path.dropFirst(Self.root.path.count + 1))
                files.append(
                    File(
                        path: path,
                        lines: text.split(separator: "\n", omittingEmptySubsequences: false)
                            .map(String.init)))
            }
            guard files.count > count else {
                throw NothingFound(description: "looking for Swift files: there is none in \(base.path)")
            }
        }
        self.files = files.sorted { $0.path < $1.path }
    }
}
