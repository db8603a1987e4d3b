/// Size of the desktop in pixels, and where its window is: `1024x768` or `1024x768+10+20`.
package struct NXGeometry: Sendable, Hashable, CustomStringConvertible {
    /// X counts coordinates in 16 bits with sign.
    package static let pixels = 1...32_767

    package let width: Int
    package let height: Int
    /// `+10+20`, or nothing.
    private let offset: String

    /// Nil unless it has this form with numbers in `pixels` (offsets from 0).
    package init?(_ text: String) {
        let parts = text.split(separator: "+", omittingEmptySubsequences: false)
        guard parts.count == 1 || parts.count == 3 else { return nil }
        let sides = parts[0].split(separator: "x", omittingEmptySubsequences: false)
        guard sides.count == 2, let width = Self.number(sides[0]), let height = Self.number(sides[1]),
            Self.pixels.contains(width), Self.pixels.contains(height)
        else { return nil }
        var offset = ""
        for part in parts.dropFirst() {
            guard let number = Self.number(part), number <= Self.pixels.upperBound else { return nil }
            offset += "+\(number)"
        }
        self.width = width
        self.height = height
        self.offset = offset
    }

    package var description: String { "\(width)x\(height)\(offset)" }

    private static func number(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count),
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }
}
