/// Text that others wrote (a server, a guest, a login, a file), made fit for a terminal, a log line or a message.
///
/// Characters that show nothing themselves and change how the rest is shown (control characters, escapes, line feeds,
/// marks of writing direction, separators) are written as `\u{1B}`.
package enum ForeignText {
    /// - Parameter limit: how many characters are shown; more are cut off and `…` says so.
    package static func shown(_ text: some StringProtocol, upTo limit: Int = 200) -> String {
        var shown = String.UnicodeScalarView()
        for (count, scalar) in text.unicodeScalars.enumerated() {
            guard count < limit else {
                shown.append("…")
                break
            }
            if isPlain(scalar) {
                shown.append(scalar)
            } else {
                shown.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
            }
        }
        return String(shown)
    }

    /// Bytes that claim to be UTF-8; what is none shows as U+FFFD.
    package static func shown(_ bytes: some Collection<UInt8>, upTo limit: Int = 200) -> String {
        // A character has four bytes at most.
        shown(String(decoding: bytes.prefix(limit * 4 + 4), as: UTF8.self), upTo: limit)
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return false
        default: return true
        }
    }
}
