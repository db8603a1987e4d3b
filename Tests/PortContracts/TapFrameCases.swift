import FarmControl
import FarmModel

private let ipv4 = EthernetFrame.EtherType.ipv4
private let arp = EthernetFrame.EtherType.arp
private let ipv6 = EthernetFrame.EtherType.ipv6

extension TapFrames {
    var arpCases: [Case] {
        let strange = IPv4Address(bits: own.address.bits ^ 0x3f)
        var longAddresses = arpMessage(.request, own.mac, own.address, for: node.address)
        longAddresses[4] = 8
        var otherProtocol = arpMessage(.request, own.mac, own.address, for: node.address)
        otherProtocol[2] = 0x86
        return [
            item(
                "own ARP request", .all, .everywhere, type: arp,
                arpMessage(.request, own.mac, own.address, for: node.address)),
            item(
                "own ARP reply", .node, .everywhere, type: arp,
                arpMessage(.reply, own.mac, own.address, for: node.address)),
            item(
                "own ARP reply", .other, .everywhere, type: arp,
                arpMessage(.reply, own.mac, own.address, for: other.address)),
            item(
                "gratuitous ARP", .all, .everywhere, type: arp,
                arpMessage(.request, own.mac, own.address, for: own.address)),
            item(
                "ARP with another VM's address", .all, .nowhere, type: arp,
                arpMessage(.reply, own.mac, other.address, for: node.address)),
            item(
                "ARP with the node's address", .other, .nowhere, type: arp,
                arpMessage(.reply, own.mac, node.address, for: other.address)),
            item(
                "ARP with a strange address", .node, .nowhere, type: arp,
                arpMessage(.reply, own.mac, strange, for: node.address)),
            item(
                "ARP with another sender MAC", .all, .nowhere, type: arp,
                arpMessage(.reply, other.mac, own.address, for: node.address)),
            item(
                "ARP probe", .all, .nowhere, type: arp,
                arpMessage(.request, own.mac, .unspecified, for: own.address)),
            item("ARP with long hardware addresses", .all, .nowhere, type: arp, longAddresses),
            item("ARP of another protocol", .all, .nowhere, type: arp, otherProtocol),
        ]
    }

    var ipv4Cases: [Case] {
        let noOperations: [UInt8] = [1, 1, 1, 1, 1, 1, 1, 0]
        let strange = IPv4Address(bits: own.address.bits ^ 0x3f)
        var sixInside = udp(from: other.address, to: broadcastAddress)
        sixInside[0] = 0x65
        return [
            item(
                "own IPv4 broadcast", .all, .everywhere, type: ipv4,
                udp(from: own.address, to: broadcastAddress)),
            item("own IPv4", .node, .everywhere, type: ipv4, udp(from: own.address, to: node.address)),
            item("own IPv4", .other, .everywhere, type: ipv4, udp(from: own.address, to: other.address)),
            item(
                "own IPv4 of another protocol", .node, .everywhere, type: ipv4,
                FrameBytes.ipv4(from: own.address, to: node.address, protocol: 6, marked)),
            item(
                "own IPv4 with options", .all, .everywhere, type: ipv4,
                udp(from: own.address, to: broadcastAddress, options: noOperations)),
            item(
                "IPv4 of another VM", .all, .nowhere, type: ipv4,
                udp(from: other.address, to: broadcastAddress)),
            item(
                "IPv4 of the node", .other, .nowhere, type: ipv4, udp(from: node.address, to: other.address)),
            item("IPv4 of a stranger", .node, .nowhere, type: ipv4, udp(from: strange, to: node.address)),
            item(
                "IPv4 of another VM with options", .all, .nowhere, type: ipv4,
                udp(from: other.address, to: broadcastAddress, options: noOperations)),
            item(
                "IPv4 without an address", .all, .nowhere, type: ipv4,
                udp(from: .unspecified, to: .limitedBroadcast)),
            item("IPv4 of another VM with another version", .all, .nowhere, type: ipv4, sixInside),
            item("IPv4 cut off", .all, .nowhere, type: ipv4, Array(marked.prefix(17))),
        ]
    }

    var fragmentCases: [Case] {
        func fragment(
            _ source: IPv4Address, offset: UInt16, more: Bool, ports: (UInt16, UInt16) = (4000, 5000)
        ) -> [UInt8] {
            FrameBytes.ipv4(
                from: source, to: broadcastAddress, protocol: 17,
                offset == 0 ? FrameBytes.udp(from: ports.0, to: ports.1, marked) : marked,
                fragmentOffset: offset,
                moreFragments: more)
        }
        return [
            item(
                "own first fragment", .all, .everywhere, type: ipv4,
                fragment(own.address, offset: 0, more: true)),
            item(
                "own last fragment", .all, .everywhere, type: ipv4,
                fragment(own.address, offset: 4, more: false)),
            item(
                "another VM's first fragment", .all, .nowhere, type: ipv4,
                fragment(other.address, offset: 0, more: true)),
            item(
                "another VM's last fragment", .all, .nowhere, type: ipv4,
                fragment(other.address, offset: 4, more: false)),
            item(
                "fragment without an address", .all, .nowhere, type: ipv4,
                fragment(.unspecified, offset: 4, more: false)),
            item(
                "first fragment of a DHCP server's answer", .all, .nowhere, type: ipv4,
                fragment(own.address, offset: 0, more: true, ports: (67, 68))),
        ]
    }

    var dhcpCases: [Case] {
        let options: [UInt8] = [1, 1, 1, 0]
        return [
            item(
                "DHCP request of a new client", .all, .node, type: ipv4,
                udp(from: .unspecified, to: .limitedBroadcast, ports: (68, 67))),
            item(
                "DHCP request with options", .all, .node, type: ipv4,
                udp(from: .unspecified, to: .limitedBroadcast, ports: (68, 67), options: options)),
            item(
                "DHCP renewal", .node, .node, type: ipv4,
                udp(from: own.address, to: node.address, ports: (68, 67))),
            item(
                "DHCP rebinding", .all, .node, type: ipv4,
                udp(from: own.address, to: .limitedBroadcast, ports: (68, 67))),
            item(
                "DHCP request of a new client", .other, .nowhere, type: ipv4,
                udp(from: .unspecified, to: .limitedBroadcast, ports: (68, 67))),
            item(
                "DHCP request to another VM", .other, .nowhere, type: ipv4,
                udp(from: own.address, to: other.address, ports: (68, 67))),
            item(
                "DHCP request to another address through the node", .node, .nowhere, type: ipv4,
                udp(from: own.address, to: other.address, ports: (68, 67))),
            item(
                "DHCP request from a strange port", .all, .nowhere, type: ipv4,
                udp(from: .unspecified, to: .limitedBroadcast, ports: (4000, 67))),
            item(
                "DHCP request with another VM's address", .all, .nowhere, type: ipv4,
                udp(from: other.address, to: .limitedBroadcast, ports: (68, 67))),
            item(
                "DHCP server's answer", .all, .nowhere, type: ipv4,
                udp(from: own.address, to: .limitedBroadcast, ports: (67, 68))),
            item(
                "DHCP server's answer", .other, .nowhere, type: ipv4,
                udp(from: own.address, to: other.address, ports: (67, 68))),
            item(
                "DHCP server's answer with options", .all, .nowhere, type: ipv4,
                udp(from: own.address, to: .limitedBroadcast, ports: (67, 68), options: options)),
            item(
                "DHCP server's answer with the node's address", .other, .nowhere, type: ipv4,
                udp(from: node.address, to: other.address, ports: (67, 68))),
        ]
    }

    var foreignMACCases: [Case] {
        let strange = MACAddress(bits: own.mac.bits ^ 0x3f)
        let multicast = MACAddress(bits: own.mac.bits | 0x0100_0000_0000)
        let locallyAdministered = MACAddress(bits: 0x0200_0000_0001)
        return [("another VM's", other.mac), ("a strange", strange), ("a local", locallyAdministered)].flatMap {
            name, mac in
            [
                item(
                    "IPv4 from \(name) MAC", .all, .nowhere, type: ipv4, from: mac,
                    udp(from: own.address, to: broadcastAddress)),
                item(
                    "ARP from \(name) MAC", .all, .nowhere, type: arp, from: mac,
                    arpMessage(.request, mac, own.address, for: node.address)),
                item(
                    "own ARP from \(name) MAC", .node, .nowhere, type: arp, from: mac,
                    arpMessage(.request, own.mac, own.address, for: node.address)),
                item(
                    "DHCP request from \(name) MAC", .all, .nowhere, type: ipv4, from: mac,
                    udp(from: .unspecified, to: .limitedBroadcast, ports: (68, 67))),
                item("nonsense from \(name) MAC", .all, .nowhere, type: 0x88b5, from: mac, marked),
            ]
        } + [
            item(
                "IPv4 from the node's MAC", .other, .nowhere, type: ipv4, from: node.mac,
                udp(from: own.address, to: other.address)),
            item(
                "IPv4 from a group MAC", .all, .nowhere, type: ipv4, from: multicast,
                udp(from: own.address, to: broadcastAddress)),
        ]
    }

    var tagCases: [Case] {
        let vlan = FrameBytes.Tag(type: 0x8100, vlan: 5)
        let priority = FrameBytes.Tag(type: 0x8100, vlan: 0)
        let native = FrameBytes.Tag(type: 0x8100, vlan: 1)
        let service = FrameBytes.Tag(type: 0x88a8, vlan: 6)
        let kinds: [(String, [FrameBytes.Tag])] = [
            ("VLAN", [vlan]), ("priority", [priority]), ("VLAN 1", [native]), ("service VLAN", [service]),
            ("QinQ", [service, vlan]), ("double", [vlan, vlan]),
        ]
        return kinds.flatMap { name, tags in
            [
                item(
                    "own IPv4 in a \(name) tag", .all, .nowhere, type: ipv4, tags: tags,
                    udp(from: own.address, to: broadcastAddress)),
                item(
                    "own IPv4 in a \(name) tag", .node, .nowhere, type: ipv4, tags: tags,
                    udp(from: own.address, to: node.address)),
                item(
                    "another VM's IPv4 in a \(name) tag", .other, .nowhere, type: ipv4, tags: tags,
                    udp(from: node.address, to: other.address)),
                item(
                    "another VM's ARP in a \(name) tag", .all, .nowhere, type: arp, tags: tags,
                    arpMessage(.reply, own.mac, other.address, for: node.address)),
                item(
                    "another MAC in a \(name) tag", .all, .nowhere, type: ipv4, from: other.mac, tags: tags,
                    udp(from: own.address, to: broadcastAddress)),
            ]
        }
    }

    var otherCases: [Case] {
        let strange = MACAddress(bits: own.mac.bits ^ 0x1f)
        let groups: [(String, UInt8, UInt16, [UInt8])] = [
            ("BPDU", 0x00, 0x0026, [0x42, 0x42, 0x03] + marked), ("pause", 0x01, 0x8808, marked),
            ("LACP", 0x02, 0x8809, marked), ("802.1X", 0x03, 0x888e, marked),
            ("IPv4 to a link-local group", 0x0d, ipv4, udp(from: own.address, to: broadcastAddress)),
            ("LLDP", 0x0e, 0x88cc, marked),
        ]
        let linkLocal = groups.flatMap { name, last, type, payload in
            [own.mac, strange].map { source in
                Case(
                    name: "\(name) from \(source == own.mac ? "the own" : "a strange") MAC",
                    frame: FrameBytes.ethernet(
                        from: source, to: MACAddress(bits: 0x0180_c200_0000 | UInt64(last)), etherType: type,
                        payload),
                    isForNode: true, isForOtherPorts: true, mayReachNode: false, mayReachOtherPorts: false)
            }
        }
        let snap: [UInt8] = [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00]
        let inner = udp(from: other.address, to: broadcastAddress)
        return linkLocal + [
            item(
                "IPv4 in an IEEE 802.3 frame", .all, .nowhere, type: UInt16(snap.count + inner.count),
                snap + inner),
            item("Novell's IPX", .all, .nowhere, type: 0x0040, [0xff, 0xff] + marked),
            item("RARP", .all, .nowhere, type: 0x8035, marked),
            item("PPPoE", .all, .nowhere, type: 0x8863, marked),
            item("MPLS", .all, .nowhere, type: 0x8847, marked),
            item("nonsense", .node, .nowhere, type: 0x88b5, marked),
            item("nonsense", .other, .nowhere, type: 0x88b5, marked),
        ]
    }
}
