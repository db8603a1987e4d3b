/// How fast the client's line is: one of NX's names, or a bandwidth (`56k`, `1m`, `100m`).
package struct NXLink: Sendable, Hashable, CustomStringConvertible {
    package static let names = ["modem", "isdn", "adsl", "wan", "lan", "local"]
    package static let adsl = NXLink(allowed: "adsl")

    /// Lower case.
    package let text: String

    private init(allowed text: String) { self.text = text }

    /// Nil unless it is a name (in any case) or one to four digits with `k` or `m`.
    package init?(_ text: String) {
        let lowered = text.lowercased()
        let digits = lowered.dropLast().utf8
        let isBandwidth =
            (1...4).contains(digits.count)
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && digits.first != UInt8(ascii: "0") && (lowered.hasSuffix("k") || lowered.hasSuffix("m"))
        guard Self.names.contains(lowered) || isBandwidth else { return nil }
        self.text = lowered
    }

    package var description: String { text }
}
