package import FarmModel

/// Builds frames octet by octet: what simulated guests send, and what the filter is tested with. Headers are
/// right (lengths, IPv4 checksum); UDP goes without checksum, as IPv4 allows.
package enum FrameBytes {
    package struct Tag: Sendable, Hashable {
        /// 0x8100 or 0x88a8.
        package var type: UInt16
        /// 0 to 4095; 0 is a priority tag.
        package var vlan: UInt16

        package init(type: UInt16, vlan: UInt16) {
            self.type = type
            self.vlan = vlan
        }
    }

    package static let broadcast = MACAddress(bits: 0xffff_ffff_ffff)

    /// An Ethernet frame, padded to 60 octets.
    package static func ethernet(
        from source: MACAddress, to destination: MACAddress, etherType: UInt16, tags: [Tag] = [],
        _ payload: [UInt8]
    ) -> [UInt8] {
        var bytes = destination.octets + source.octets
        for tag in tags { bytes += octets(tag.type) + octets(tag.vlan) }
        bytes += octets(etherType) + payload
        return bytes + [UInt8](repeating: 0, count: max(0, 60 - bytes.count))
    }

    package enum ARPOperation: UInt16, Sendable { case request = 1, reply = 2 }

    /// An ARP message about IPv4 over Ethernet.
    package static func arp(
        _ operation: ARPOperation, senderMAC: MACAddress, senderAddress: IPv4Address, targetMAC: MACAddress,
        targetAddress: IPv4Address
    ) -> [UInt8] {
        octets(1) + octets(EthernetFrame.EtherType.ipv4) + [6, 4] + octets(operation.rawValue)
            + senderMAC.octets
            + senderAddress.octets + targetMAC.octets + targetAddress.octets
    }

    package static func udp(from source: UInt16, to destination: UInt16, _ payload: [UInt8]) -> [UInt8] {
        octets(source) + octets(destination) + octets(UInt16(8 + payload.count)) + [0, 0] + payload
    }

    /// - Parameters:
    ///   - number: the protocol: 1 ICMP, 6 TCP, 17 UDP.
    ///   - options: a multiple of 4 octets, at most 40.
    ///   - fragmentOffset: in units of 8 octets.
    package static func ipv4(
        from source: IPv4Address, to destination: IPv4Address, protocol number: UInt8, _ payload: [UInt8],
        options: [UInt8] = [], fragmentOffset: UInt16 = 0, moreFragments: Bool = false
    ) -> [UInt8] {
        let headerLength = 20 + options.count
        let fragment = fragmentOffset | (moreFragments ? 0x2000 : 0)
        var header = [0x40 | UInt8(headerLength / 4), 0] + octets(UInt16(headerLength + payload.count))
        header += octets(0x5156) + octets(fragment) + [64, number, 0, 0] + source.octets + destination.octets
        header += options
        let sum = checksum(header)
        header.replaceSubrange(10..<12, with: octets(sum))
        return header + payload
    }

    /// - Parameters:
    ///   - source: 16 octets, as `destination`.
    ///   - next: the number of the next header: 0 hop-by-hop, 17 UDP, 58 ICMPv6.
    package static func ipv6(
        from source: [UInt8], to destination: [UInt8], next: UInt8, _ payload: [UInt8]
    ) -> [UInt8] {
        [0x60, 0, 0, 0] + octets(UInt16(payload.count)) + [next, 255] + source + destination + payload
    }

    /// A DHCP message of a client (BOOTP request), with its message type and no address of its own.
    ///
    /// - Parameter type: 1 DISCOVER, 3 REQUEST, 4 DECLINE, 7 RELEASE.
    package static func dhcp(
        type: UInt8, transaction: UInt32, client: MACAddress, options: [UInt8] = []
    ) -> [UInt8] {
        var message: [UInt8] = [1, 1, 6, 0]
        message += octets(UInt16(transaction >> 16)) + octets(UInt16(truncatingIfNeeded: transaction))
        message += [0, 0, 0x80, 0]  // the answer is wanted as a broadcast
        message +=
            [UInt8](repeating: 0, count: 16) + client.octets + [UInt8](repeating: 0, count: 10 + 64 + 128)
        message += [99, 130, 83, 99, 53, 1, type] + options + [255]
        return message + [UInt8](repeating: 0, count: max(0, 300 - message.count))
    }

    private static func octets(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }

    private static func checksum(_ header: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: header.count, by: 2) {
            sum += UInt32(header[index]) << 8 | UInt32(header[index + 1])
        }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }
}
