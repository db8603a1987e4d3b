import FarmModel

/// An Ethernet frame as the simulated bridge sees it: the fields that a rule can ask about.
struct GuestFrame: Sendable, Hashable {
    var source: MACAddress
    /// As the wire has it.
    var etherType: UInt16
    var ipv4Source: IPv4Address?
    var ipv4Destination: IPv4Address?
    var udpSource: UInt16?
    var udpDestination: UInt16?
    var arpSenderMAC: MACAddress?
    var arpSenderAddress: IPv4Address?
    var ipv6Source: [UInt8]?
    var icmpv6Type: UInt8?

    init(source: MACAddress, etherType: UInt16) {
        self.source = source
        self.etherType = etherType
    }

    static func ipv4(from mac: MACAddress, _ address: IPv4Address, to: IPv4Address, udp: (UInt16, UInt16)? = nil) -> Self {
        var frame = GuestFrame(source: mac, etherType: 0x0800)
        frame.ipv4Source = address
        frame.ipv4Destination = to
        frame.udpSource = udp?.0
        frame.udpDestination = udp?.1
        return frame
    }

    static func arp(from mac: MACAddress, sender: MACAddress, _ address: IPv4Address) -> Self {
        var frame = GuestFrame(source: mac, etherType: 0x0806)
        frame.arpSenderMAC = sender
        frame.arpSenderAddress = address
        return frame
    }

    static func dhcpRequest(from mac: MACAddress) -> Self {
        ipv4(from: mac, IPv4Address(bits: 0), to: IPv4Address(bits: 0xffff_ffff), udp: (68, 67))
    }

    /// Whether a guest with this MAC and address has no right to send it.
    func isForeign(to mac: MACAddress, _ address: IPv4Address) -> Bool {
        if source != mac { return true }
        switch etherType {
        case 0x0800:
            if ipv4Source == address { return udpSource == 67 }
            return !(ipv4Source == IPv4Address(bits: 0) && udpSource == 68 && udpDestination == 67)
        case 0x0806:
            return arpSenderMAC != mac || arpSenderAddress != address
        default:
            // VLAN and QinQ tags hide what they carry; IPv6 is off in simulated farms.
            return true
        }
    }

    /// What the rules of a tap say to this frame: whether it passes before the bridge learns, and then on its way.
    func passes(_ rules: [FilterRule]) -> Bool {
        for rule in rules where rule.conditions.allSatisfy(matches) { return rule.verdict == .accept }
        return false
    }

    private func matches(_ condition: FrameCondition) -> Bool {
        switch condition {
        case .source(let mac): source == mac
        case .sourceIsNot(let mac): source != mac
        case .etherType(let type): etherType == type
        case .ipv4Source(let address): ipv4Source == address
        case .ipv4Destination(let address): ipv4Destination == address
        case .udpDestination(let port): udpDestination == port
        case .udpSource(let port): udpSource == port
        case .arpSenderMAC(let mac): arpSenderMAC == mac
        case .arpSenderAddress(let address): arpSenderAddress == address
        case .ipv6Source(let octets): ipv6Source == octets
        case .icmpv6Type(let type): icmpv6Type == type
        }
    }
}
