package import FarmModel

/// What a frame filter can see of an Ethernet frame. Reads exactly what the kernel's ebtables matches read
/// (`ebt_ip`, `ebt_arp`, `ebt_ip6`) and nothing of a payload they do not look at, so that a verdict given
/// here is the verdict given there. A field that is cut off or malformed is nil and matches no condition.
package struct EthernetFrame: Sendable, Hashable {
    package enum EtherType {
        package static let ipv4: UInt16 = 0x0800
        package static let arp: UInt16 = 0x0806
        package static let ipv6: UInt16 = 0x86dd
        /// IEEE 802.1Q and 802.1ad (QinQ) tags.
        package static let vlan: UInt16 = 0x8100
        package static let serviceVLAN: UInt16 = 0x88a8
    }

    package struct IPv4: Sendable, Hashable {
        package let source: IPv4Address
        package let destination: IPv4Address
    }

    package struct ARP: Sendable, Hashable {
        /// Nil unless hardware addresses are Ethernet's, 6 octets long.
        package let senderMAC: MACAddress?
        /// Nil unless protocol addresses are IPv4's, 4 octets long.
        package let senderAddress: IPv4Address?
    }

    package struct UDP: Sendable, Hashable {
        package let sourcePort: UInt16
        package let destinationPort: UInt16
    }

    package let destination: MACAddress
    package let source: MACAddress
    /// As the wire has it: a tagged frame's is that of its outer tag; below 0x0600 it is an IEEE 802.3
    /// length.
    package let etherType: UInt16
    package let ipv4: IPv4?
    package let arp: ARP?
    /// The 16 octets of an IPv6 source address.
    package let ipv6Source: [UInt8]?
    /// Over IPv4 or IPv6. Nil for every fragment but the first, which carries no ports.
    package let udp: UDP?
    package let icmpv6Type: UInt8?

    /// Nil when there are fewer than the 14 octets of an Ethernet header.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= 14 else { return nil }
        let reader = ByteReader(bytes: bytes)
        destination = MACAddress(bits: reader.number(at: 0, octets: 6) ?? 0)
        source = MACAddress(bits: reader.number(at: 6, octets: 6) ?? 0)
        let type = UInt16(reader.number(at: 12, octets: 2) ?? 0)
        etherType = type
        arp = type == EtherType.arp ? Self.readARP(reader) : nil
        ipv4 = type == EtherType.ipv4 ? Self.readIPv4(reader) : nil
        let ipv6 = type == EtherType.ipv6 ? Self.readIPv6(reader) : nil
        ipv6Source = ipv6?.source
        icmpv6Type = ipv6?.icmpType
        udp = ipv6?.udp ?? (type == EtherType.ipv4 ? Self.readUDPOverIPv4(reader) : nil)
    }

    /// Whether the destination is one of 01:80:c2:00:00:00 to :0f, which bridges do not forward (BPDU, pause,
    /// LLDP, 802.1X...).
    package var isLinkLocal: Bool { destination.bits & 0xffff_ffff_fff0 == 0x0180_c200_0000 }

    private static let headerEnd = 14

    private static func readARP(_ reader: ByteReader) -> ARP? {
        let start = headerEnd
        guard let hardware = reader.number(at: start, octets: 2),
            let network = reader.number(at: start + 2, octets: 2),
            let hardwareLength = reader.byte(at: start + 4), let networkLength = reader.byte(at: start + 5)
        else { return nil }
        let isEthernet = hardware == 1 && hardwareLength == 6
        let isIPv4 = network == UInt64(EtherType.ipv4) && networkLength == 4
        let address = isIPv4 ? reader.number(at: start + 8 + Int(hardwareLength), octets: 4) : nil
        return ARP(
            senderMAC: isEthernet ? reader.number(at: start + 8, octets: 6).map(MACAddress.init(bits:)) : nil,
            senderAddress: address.map { IPv4Address(bits: UInt32($0)) })
    }

    private static func readIPv4(_ reader: ByteReader) -> IPv4? {
        // The filter's match wants the whole fixed header (20 octets); it does not look at version or
        // checksum.
        guard reader.byte(at: headerEnd + 19) != nil,
            let source = reader.number(at: headerEnd + 12, octets: 4),
            let destination = reader.number(at: headerEnd + 16, octets: 4)
        else { return nil }
        return IPv4(
            source: IPv4Address(bits: UInt32(source)), destination: IPv4Address(bits: UInt32(destination)))
    }

    private static func readUDPOverIPv4(_ reader: ByteReader) -> UDP? {
        guard readIPv4(reader) != nil, reader.byte(at: headerEnd + 9) == 17,
            let versionAndLength = reader.byte(at: headerEnd),
            let fragment = reader.number(at: headerEnd + 6, octets: 2), fragment & 0x1fff == 0
        else { return nil }
        // The header's own length, which options make longer than 20.
        return readPorts(reader, at: headerEnd + Int(versionAndLength & 0x0f) * 4)
    }

    private static func readPorts(_ reader: ByteReader, at offset: Int) -> UDP? {
        guard let source = reader.number(at: offset, octets: 2),
            let target = reader.number(at: offset + 2, octets: 2)
        else { return nil }
        return UDP(sourcePort: UInt16(source), destinationPort: UInt16(target))
    }

    private struct IPv6 {
        var source: [UInt8]
        var udp: UDP?
        var icmpType: UInt8?
    }

    private static func readIPv6(_ reader: ByteReader) -> IPv6? {
        guard let source = reader.octets(at: headerEnd + 8, count: 16),
            reader.byte(at: headerEnd + 39) != nil,
            var next = reader.byte(at: headerEnd + 6)
        else { return nil }
        var offset = headerEnd + 40
        var ipv6 = IPv6(source: source, udp: nil, icmpType: nil)
        // Extension headers: hop-by-hop 0, routing 43, fragment 44, authentication 51, destination options
        // 60, no next header 59 (RFC 8200; each has its length in its second octet).
        while [0, 43, 44, 51, 60].contains(next) {
            guard let following = reader.byte(at: offset), let length = reader.byte(at: offset + 1) else {
                return ipv6
            }
            switch next {
            case 44:
                guard let fragment = reader.number(at: offset + 2, octets: 2), fragment & 0xfff8 == 0 else {
                    return ipv6
                }
                offset += 8
            case 51: offset += (Int(length) + 2) * 4
            default: offset += (Int(length) + 1) * 8
            }
            next = following
        }
        if next == 17 { ipv6.udp = readPorts(reader, at: offset) }
        if next == 58 { ipv6.icmpType = reader.byte(at: offset) }
        return ipv6
    }
}

/// Bounds-checked, big-endian reads.
private struct ByteReader {
    let bytes: [UInt8]

    func byte(at offset: Int) -> UInt8? { bytes.indices.contains(offset) ? bytes[offset] : nil }

    func octets(at offset: Int, count: Int) -> [UInt8]? {
        offset + count <= bytes.count ? Array(bytes[offset..<offset + count]) : nil
    }

    func number(at offset: Int, octets count: Int) -> UInt64? {
        octets(at: offset, count: count)?.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
