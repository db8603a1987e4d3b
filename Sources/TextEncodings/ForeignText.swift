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

    /// Text of several lines that we composed, for a terminal: line feeds stay, and whatever stands in it besides is
    /// made fit as above. Text of others goes through `shown` before it is put into it, so that it adds no line.
    package static func lines(_ text: String) -> String {
        // By scalars: CR and LF are one Character.
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { shown(Substring($0), upTo: .max) }.joined(separator: "\n")
    }

    /// Whether a character shows itself and changes nothing else. Names and logins are made of such characters only.
    package static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value != 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: return false
        default: return true
        }
    }
}
