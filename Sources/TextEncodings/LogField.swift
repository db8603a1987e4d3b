/// A name and a value in a log line, `name=value`.
///
/// A value that could be taken for more than one, or for something else in the line, stands in quotes, and no value
/// begins another line (`ForeignText`): whatever a user, a guest or a server sends, it forges no field and no line.
package enum LogField {
    /// The longest value that is kept, in characters.
    private static let lengthMax = 2_000

    package static func text(_ name: String, _ value: String) -> String {
        let shown = ForeignText.shown(value, upTo: lengthMax)
        let isOneWord =
            !shown.isEmpty
            && !shown.unicodeScalars.contains { $0.properties.isWhitespace || "\"\\=[]".unicodeScalars.contains($0) }
        guard !isOneWord else { return "\(name)=\(shown)" }
        let escaped = shown.unicodeScalars.map { "\"".unicodeScalars.contains($0) ? "\\\"" : String($0) }.joined()
        return "\(name)=\"\(escaped)\""
    }
}
