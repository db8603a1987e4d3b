/// Hides what may be a cookie or a secret in text that other programs wrote.
package enum SecretMask {
    /// The shortest run of hexadecimal digits that is hidden: a cookie's.
    package static let digitsMin = 32

    /// The text with every run of `digitsMin` or more hexadecimal digits replaced by `(hidden)`.
    package static func mask(_ text: String) -> String {
        var masked = String.UnicodeScalarView()
        var run = String.UnicodeScalarView()
        func flush() {
            masked.append(contentsOf: run.count >= digitsMin ? "(hidden)".unicodeScalars : run)
            run = String.UnicodeScalarView()
        }
        for scalar in text.unicodeScalars {
            if scalar.properties.isASCIIHexDigit {
                run.append(scalar)
            } else {
                flush()
                masked.append(scalar)
            }
        }
        flush()
        return String(masked)
    }
}
