import TextEncodings

/// What both ends of an NX line show each other, and what X clients of the session must show: 16 random
/// bytes. Never printed.
package struct NXCookie: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// 32 lower-case hexadecimal digits.
    package let text: String

    /// Nil unless it is 32 hexadecimal digits.
    package init?(_ text: String) {
        guard text.utf8.count == 32, text.unicodeScalars.allSatisfy({ $0.properties.isASCIIHexDigit }) else {
            return nil
        }
        self.text = text.lowercased()
    }

    /// Nil unless it is 16 bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        text = Hexadecimal.text(bytes)
    }

    package var description: String { "(cookie)" }
    package var debugDescription: String { "(cookie)" }
}
