/// Why a scenario file cannot be run: where, and what was expected there.
package struct ScenarioError: Error, Sendable, Hashable, CustomStringConvertible {
    package var file: String
    /// From 1; 0 when the whole file is meant.
    package var line: Int
    package var column: Int
    package var words: String

    package var description: String { line == 0 ? "\(file): \(words)" : "\(file):\(line):\(column): \(words)" }
}
