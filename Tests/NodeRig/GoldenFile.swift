import Foundation

/// An expected text below `fixtures/`. With QVD_WRITE_GOLDEN=1 in the environment a check writes the file instead,
/// to be looked at and committed.
package struct GoldenFile {
    private let path: String

    /// - Parameter name: below `fixtures/`: `netlink/delete-link.hex`.
    package init(_ name: String, testFile: String = #filePath) {
        let root = URL(fileURLWithPath: testFile).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        path = root.appendingPathComponent("fixtures").appendingPathComponent(name).path
    }

    package func check(_ found: String) throws {
        if ProcessInfo.processInfo.environment["QVD_WRITE_GOLDEN"] == "1" {
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try found.write(toFile: path, atomically: true, encoding: .utf8)
            return
        }
        let wanted = try String(contentsOfFile: path, encoding: .utf8)
        guard found != wanted else { return }
        let pairs = zip(wanted.split(separator: "\n"), found.split(separator: "\n"))
        let first = pairs.first { $0 != $1 }.map { "wanted '\($0)', found '\($1)'" } ?? "the lengths differ"
        throw RigFailure("\(path) differs: \(first); QVD_WRITE_GOLDEN=1 writes it anew")
    }
}
