/// What is wrong with `node.conf`: names the file, the line where there is one, and what to do.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    package let file: String
    /// From 1; nil when no single line is at fault.
    package let line: Int?
    package let message: String

    package init(file: String, line: Int?, message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    package var description: String {
        line.map { "\(file):\($0): \(message)" } ?? "\(file): \(message)"
    }
}
