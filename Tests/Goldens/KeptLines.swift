import Foundation

/// What people rely on, a line for each thing, in a file below `fixtures/`: lines may come, none may go or change.
/// Lines that begin with `#` are remarks.
///
/// With QVD_WRITE_GOLDEN=1 in the environment a look adds the lines that the file does not have yet. None is ever taken
/// out by a program: whoever breaks a promise does it by hand, and says so in the commit.
package struct KeptLines {
    package let path: String

    /// - Parameter name: below `fixtures/`: `compatibility/commands.txt`.
    package init(_ name: String, testFile: String = #filePath) {
        path = fixture(name, testFile)
    }

    /// What the file promises.
    package func lines() throws -> [String] { try text().filter { !$0.hasPrefix("#") } }

    /// Lines of the file that are not among those found.
    package func missing(from found: [String]) throws -> [String] {
        if isWriting { try add(found) }
        let found = Set(found)
        return try lines().filter { !found.contains($0) }
    }

    private func add(_ found: [String]) throws {
        let old = FileManager.default.fileExists(atPath: path) ? try text() : []
        let all = old.prefix { $0.hasPrefix("#") } + found + old.filter { !$0.hasPrefix("#") }
        var seen: Set<String> = []
        try write(all.filter { seen.insert($0).inserted }.map { $0 + "\n" }.joined(), to: path)
    }

    private func text() throws -> [String] {
        try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
