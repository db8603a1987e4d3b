import Foundation

/// An expected text below `fixtures/`. With QVD_WRITE_GOLDEN=1 in the environment a check writes the file instead,
/// to be looked at and committed.
package struct GoldenFile {
    private let path: String

    /// - Parameter name: below `fixtures/`: `netlink/delete-link.hex`.
    package init(_ name: String, testFile: String = #filePath) {
        path = fixture(name, testFile)
    }

    package func check(_ found: String) throws {
        if isWriting { return try write(found, to: path) }
        let wanted = try String(contentsOfFile: path, encoding: .utf8)
        guard found != wanted else { return }
        let pairs = zip(wanted.split(separator: "\n"), found.split(separator: "\n"))
        let first = pairs.first { $0 != $1 }.map { "wanted '\($0)', found '\($1)'" } ?? "the lengths differ"
        throw GoldenDifference("\(path) differs: \(first); QVD_WRITE_GOLDEN=1 writes it anew")
    }
}

/// What was found differs from the file.
package struct GoldenDifference: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

var isWriting: Bool { ProcessInfo.processInfo.environment["QVD_WRITE_GOLDEN"] == "1" }

/// The path of a file below the `fixtures/` of the project that `testFile` is in: Tests/FOLDER/FILE.
func fixture(_ name: String, _ testFile: String) -> String {
    URL(fileURLWithPath: testFile).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "fixtures/\(name)").path
}

func write(_ text: String, to path: String) throws {
    try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
}
