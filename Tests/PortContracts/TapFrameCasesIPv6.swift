import FarmControl
import FarmModel

extension TapFrames {
    private var allNodes: [UInt8] { [0xff, 0x02] + [UInt8](repeating: 0, count: 13) + [1] }
    private var unspecified: [UInt8] { [UInt8](repeating: 0, count: 16) }

    private func icmp(
        _ type: UInt8, from source: [UInt8], behind extensions: [UInt8] = [], next: UInt8 = 58
    ) -> [UInt8] {
        FrameBytes.ipv6(
            from: source, to: allNodes, next: next, extensions + [type, 0, 0, 0, 0, 0, 0, 0] + marked)
    }

    func ipv6Cases(isAllowed: Bool) -> [Case] {
        let link = TapRules.linkLocalAddress(of: own.mac)
        let otherLink = TapRules.linkLocalAddress(of: other.mac)
        let global: [UInt8] = [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0, count: 11) + [7]
        let allowed: Allowed = isAllowed ? .everywhere : .nowhere
        // A hop-by-hop header of 8 octets, padded; what comes next is ICMPv6.
        let hopByHop: [UInt8] = [58, 0, 1, 4, 0, 0, 0, 0]
        func datagram(_ source: [UInt8], ports: (UInt16, UInt16)) -> [UInt8] {
            FrameBytes.ipv6(
                from: source, to: allNodes, next: 17, FrameBytes.udp(from: ports.0, to: ports.1, marked))
        }
        func case6(_ name: String, _ allowed: Allowed, _ payload: [UInt8]) -> Case {
            item(name, .all, allowed, type: EthernetFrame.EtherType.ipv6, payload)
        }
        return [
            case6("own link-local IPv6", allowed, datagram(link, ports: (4000, 5000))),
            case6("neighbour solicitation", allowed, icmp(135, from: link)),
            case6("duplicate address detection", allowed, icmp(135, from: unspecified)),
            case6("multicast report", allowed, icmp(143, from: link, behind: hopByHop, next: 0)),
            case6(
                "multicast report without an address", .nowhere,
                icmp(143, from: unspecified, behind: hopByHop, next: 0)),
            case6("router solicitation without an address", .nowhere, icmp(133, from: unspecified)),
            case6("neighbour advertisement without an address", .nowhere, icmp(136, from: unspecified)),
            case6("another VM's link-local address", .nowhere, datagram(otherLink, ports: (4000, 5000))),
            case6("another VM's neighbour advertisement", .nowhere, icmp(136, from: otherLink)),
            case6("a global IPv6 address", .nowhere, datagram(global, ports: (4000, 5000))),
            case6("router advertisement", .nowhere, icmp(134, from: link)),
            case6(
                "router advertisement behind another header", .nowhere,
                icmp(134, from: link, behind: hopByHop, next: 0)),
            case6("IPv6 redirect", .nowhere, icmp(137, from: link)),
            case6("DHCPv6 server's answer", .nowhere, datagram(link, ports: (547, 546))),
            item(
                "own IPv6 from another MAC", .all, .nowhere, type: EthernetFrame.EtherType.ipv6,
                from: other.mac,
                datagram(link, ports: (4000, 5000))),
        ]
    }
}
