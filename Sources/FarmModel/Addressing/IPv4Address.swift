/// An IPv4 address.
package struct IPv4Address: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The four octets as one number, most significant first.
    package let bits: UInt32

    package init(bits: UInt32) { self.bits = bits }

    /// Nil unless `text` is four decimal numbers of 0 to 255 without leading zeros, joined by dots.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard let octet = UInt8(part), String(octet) == part else { return nil }
            bits = bits << 8 | UInt32(octet)
        }
        self.bits = bits
    }

    package var octets: [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: bits >> (24 - 8 * $0)) } }
    package var description: String { octets.map(String.init).joined(separator: ".") }
    package static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }
}

extension IPv4Address: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let address = IPv4Address(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not an IPv4 address")
        }
        self = address
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// An Ethernet address.
package struct MACAddress: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    /// The six octets as one number, most significant first.
    package let bits: UInt64

    package init(bits: UInt64) { self.bits = bits & 0xffff_ffff_ffff }

    /// The address of the VM with this IPv4 address: `54:52:00` and the last three octets in hexadecimal
    /// (the original system's rule; unique in a farm whose VM network is a /8 or smaller).
    package init(forVirtualMachineAt address: IPv4Address) {
        bits = 0x5452_0000_0000 | UInt64(address.bits & 0xff_ffff)
    }

    /// Nil unless `text` is six pairs of hexadecimal digits joined by colons.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6 else { return nil }
        var bits: UInt64 = 0
        for part in parts {
            guard part.utf8.count == 2, part.allSatisfy(\.isHexDigit), let octet = UInt8(part, radix: 16) else {
                return nil
            }
            bits = bits << 8 | UInt64(octet)
        }
        self.bits = bits
    }

    package var octets: [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: bits >> (40 - 8 * $0)) } }

    package var description: String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    package static func < (left: Self, right: Self) -> Bool { left.bits < right.bits }
}
