package import FarmModel

/// The anti-spoofing rules of a VM's tap: default-deny. What a guest may send is listed here; all else is
/// dropped before the bridge learns from it.
///
/// The guest may send, from its own MAC only:
/// - ARP whose sender MAC and address are its own (so no probe from 0.0.0.0: nobody else has its address);
/// - IPv4 from its own address, but no answers of a DHCP server (UDP source port 67);
/// - DHCP requests to its node only, from 0.0.0.0 or its own address;
/// - IPv6, where the farm allows it: see `IPv6Policy`.
///
/// Nothing may go to a link-local group address (BPDU, 802.1X); what the bridge does with those that no
/// filter sees (LLDP) is in `NodeNetwork.ensureTap`. Not listed and so dropped: tagged frames (VLAN, QinQ),
/// IEEE 802.3 frames, IPv6 where denied, and whatever is malformed. Of IPv4 fragments the first is judged by
/// its ports, the others by their source alone. No rule looks inside a DHCP message or a neighbour
/// advertisement.
package enum TapRules {
    package enum IPv6Policy: String, Sendable, Hashable, Codable {
        case denied
        /// From the link-local address that belongs to the MAC (EUI-64), and from the unspecified address for
        /// duplicate address detection. No router advertisements, redirects or DHCPv6 server answers.
        case linkLocal
    }

    /// - Parameter nodeAddress: the node's own address on the VM network, where its DHCP service answers.
    package static func rules(
        tap: TapName, mac: MACAddress, address: IPv4Address, nodeAddress: IPv4Address, ipv6: IPv6Policy
    ) -> TapRuleSet {
        let foreignSource = FilterRule([.sourceIsNot(mac)], .drop)
        let linkLocal = FilterRule([.linkLocalDestination], .drop)
        let ownARP = FilterRule(
            [.etherType(EthernetFrame.EtherType.arp), .arpSenderMAC(mac), .arpSenderAddress(address)], .accept
        )
        let serverAnswer = ipv4([.udpSource(Port.dhcpServer)], .drop)
        let otherRequest = ipv4([.udpDestination(Port.dhcpServer)], .drop)
        let ownIPv4 = ipv4([.ipv4Source(address)], .accept)
        let requests = [
            ipv4(
                [
                    .ipv4Source(.unspecified), .ipv4Destination(.limitedBroadcast),
                    .udpSource(Port.dhcpClient),
                    .udpDestination(Port.dhcpServer),
                ], .accept),
            ipv4(
                [
                    .ipv4Source(address), .ipv4Destination(.limitedBroadcast),
                    .udpDestination(Port.dhcpServer),
                ],
                .accept),
            ipv4(
                [.ipv4Source(address), .ipv4Destination(nodeAddress), .udpDestination(Port.dhcpServer)],
                .accept),
        ]
        let overIPv6 = ipv6 == .linkLocal ? linkLocalRules(mac: mac) : []
        let toNode =
            [foreignSource, linkLocal, ownARP, serverAnswer] + requests + [otherRequest, ownIPv4] + overIPv6
        return TapRuleSet(
            tap: tap, prerouting: toNode, input: toNode,
            forward: [foreignSource, ownARP, serverAnswer, otherRequest, ownIPv4] + overIPv6)
    }

    /// The link-local IPv6 address that belongs to a MAC (RFC 4291 appendix A): 16 octets.
    package static func linkLocalAddress(of mac: MACAddress) -> [UInt8] {
        let octets = mac.octets
        return [0xfe, 0x80, 0, 0, 0, 0, 0, 0, octets[0] ^ 0x02, octets[1], octets[2], 0xff, 0xfe]
            + octets[3...]
    }

    private enum Port {
        static let dhcpServer: UInt16 = 67
        static let dhcpClient: UInt16 = 68
        static let dhcpv6Server: UInt16 = 547
    }

    /// RFC 4861.
    private enum Neighbour {
        static let routerAdvertisement: UInt8 = 134
        static let solicitation: UInt8 = 135
        static let redirect: UInt8 = 137
    }

    private static func ipv4(_ conditions: [FrameCondition], _ verdict: FilterRule.Verdict) -> FilterRule {
        FilterRule([.etherType(EthernetFrame.EtherType.ipv4)] + conditions, verdict)
    }

    private static func linkLocalRules(mac: MACAddress) -> [FilterRule] {
        func rule(_ conditions: [FrameCondition], _ verdict: FilterRule.Verdict) -> FilterRule {
            FilterRule([.etherType(EthernetFrame.EtherType.ipv6)] + conditions, verdict)
        }
        return [
            rule([.icmpv6Type(Neighbour.routerAdvertisement)], .drop),
            rule([.icmpv6Type(Neighbour.redirect)], .drop),
            rule([.udpSource(Port.dhcpv6Server)], .drop),
            rule([.ipv6Source(linkLocalAddress(of: mac))], .accept),
            rule(
                [.ipv6Source([UInt8](repeating: 0, count: 16)), .icmpv6Type(Neighbour.solicitation)],
                .accept),
        ]
    }
}

extension IPv4Address {
    /// 0.0.0.0, the source of a host that has no address yet.
    package static let unspecified = IPv4Address(bits: 0)
    /// 255.255.255.255.
    package static let limitedBroadcast = IPv4Address(bits: 0xffff_ffff)
}
