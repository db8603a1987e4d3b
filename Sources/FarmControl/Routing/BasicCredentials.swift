import TextEncodings

/// Login and password of an `Authorization: Basic` header (RFC 7617). Printed without the password.
package struct BasicCredentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The longest header that is read, in bytes; hashing a longer password would only cost time.
    package static let headerLengthMax = 2048

    package let login: String
    package let password: String

    /// Nil unless the header has the Basic form, with UTF-8 and a colon inside, a login and a password that
    /// are not empty, no character in the login that does not show itself, and no zero byte in the password.
    package init?(header: String) {
        guard header.utf8.count <= Self.headerLengthMax else { return nil }
        let words = header.split(separator: " ", maxSplits: 1)
        guard words.count == 2, words[0].lowercased() == "basic",
            let bytes = Self.decodeBase64(words[1].drop { $0 == " " }),
            let text = String(validating: bytes, as: UTF8.self),
            let colon = text.firstIndex(of: ":")
        else { return nil }
        login = String(text[..<colon])
        password = String(text[text.index(after: colon)...])
        guard !login.isEmpty, !password.isEmpty, login.unicodeScalars.allSatisfy(ForeignText.isPlain),
            !password.utf8.contains(0)
        else { return nil }
    }

    package var description: String { login }
    package var debugDescription: String { login }

    private static func decodeBase64(_ text: Substring) -> [UInt8]? {
        var decoded: [UInt8] = []
        var bits: UInt32 = 0
        var bitCount = 0
        let digits = text.utf8.reversed().drop { $0 == UInt8(ascii: "=") }.reversed()
        // RFC 4648, section 4: padding fills the last group of four. Some clients leave it out.
        let padding = text.utf8.count - digits.count
        guard digits.count % 4 != 1, padding == 0 || (digits.count + padding) % 4 == 0 && padding <= 2 else {
            return nil
        }
        for digit in digits {
            guard let value = base64Value(digit) else { return nil }
            bits = bits << 6 | value
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                decoded.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
        return decoded
    }

    private static func base64Value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
