import FarmControl
import FarmModel

/// A frame that a simulated guest sends, described; its octets are made for the rules to judge.
struct GuestFrame: Sendable, Hashable {
    enum Content: Sendable, Hashable {
        case arp(sender: MACAddress, address: IPv4Address)
        case tcp(from: IPv4Address, to: IPv4Address)
        case udp(from: IPv4Address, sourcePort: UInt16, to: IPv4Address, destinationPort: UInt16)
        /// Neighbour discovery from a link-local address.
        case ipv6
        /// A tag in front of an IPv4 packet.
        case tagged(type: UInt16, from: IPv4Address, to: IPv4Address)
        /// Link layer discovery, to an address that bridges do not forward.
        case lldp
    }

    var source: MACAddress
    var content: Content

    init(_ source: MACAddress, _ content: Content) {
        self.source = source
        self.content = content
    }

    static func dhcpRequest(from mac: MACAddress) -> Self {
        GuestFrame(
            mac, .udp(from: .unspecified, sourcePort: 68, to: .limitedBroadcast, destinationPort: 67))
    }

    /// Whether a guest with this MAC and address claims with it to be somebody else. What a DHCP server says is
    /// foreign in every guest's mouth.
    func isForeign(to mac: MACAddress, _ own: IPv4Address) -> Bool {
        if source != mac { return true }
        return switch content {
        case .arp(let sender, let address): sender != mac || address != own
        case .tcp(let from, _): from != own
        case .udp(let from, let port, _, let target):
            port == 67 || (from != own && !(from == .unspecified && port == 68 && target == 67))
        case .ipv6: true
        case .tagged(_, let from, _): from != own
        case .lldp: false
        }
    }

    var frame: EthernetFrame? { EthernetFrame(octets) }

    private var octets: [UInt8] {
        switch content {
        case .arp(let sender, let address):
            return header(to: broadcast, type: 0x0806) + [0, 1, 8, 0, 6, 4, 0, 1] + sender.octets + address.octets
                + [UInt8](repeating: 0, count: 6) + address.octets
        case .tcp(let from, let to):
            return header(to: node, type: 0x0800) + packet(protocol: 6, from, to) + ports(33_000, 443)
        case .udp(let from, let sourcePort, let to, let destinationPort):
            return header(to: to == .limitedBroadcast ? broadcast : node, type: 0x0800) + packet(protocol: 17, from, to)
                + ports(sourcePort, destinationPort)
        case .ipv6:
            let address: [UInt8] = [0xfe, 0x80] + [UInt8](repeating: 0, count: 13) + [1]
            return header(to: MACAddress(bits: 0x3333_0000_0001), type: 0x86dd)
                + [0x60, 0, 0, 0, 0, 8, 58, 255] + address + address + [136, 0, 0, 0]
        case .tagged(let type, let from, let to):
            return header(to: node, type: type) + [0, 5, 8, 0] + packet(protocol: 6, from, to) + ports(33_000, 443)
        case .lldp:
            return header(to: MACAddress(bits: 0x0180_c200_000e), type: 0x88cc) + [2, 7, 4] + source.octets
        }
    }

    private var broadcast: MACAddress { MACAddress(bits: 0xffff_ffff_ffff) }
    /// Stands for the bridge's own address; no rule asks for it.
    private var node: MACAddress { MACAddress(bits: 0x0200_0000_0001) }

    private func header(to destination: MACAddress, type: UInt16) -> [UInt8] {
        destination.octets + source.octets + big(type)
    }

    private func packet(protocol number: UInt8, _ from: IPv4Address, _ to: IPv4Address) -> [UInt8] {
        [0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, number, 0, 0] + from.octets + to.octets
    }

    private func ports(_ source: UInt16, _ destination: UInt16) -> [UInt8] {
        big(source) + big(destination) + [UInt8](repeating: 0, count: 16)
    }

    private func big(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xff)] }
}

/// Where a frame got to.
struct FramePassage: Sendable, Hashable {
    var reachesNode: Bool
    var reachesPorts: Bool
    /// Nothing stopped it before the bridge would learn from it.
    var isSeenByBridge: Bool

    static let open = FramePassage(reachesNode: true, reachesPorts: true, isSeenByBridge: true)
    static let none = FramePassage(reachesNode: false, reachesPorts: false, isSeenByBridge: false)

    init(reachesNode: Bool, reachesPorts: Bool, isSeenByBridge: Bool) {
        self.reachesNode = reachesNode
        self.reachesPorts = reachesPorts
        self.isSeenByBridge = isSeenByBridge
    }

    /// What these rules make of the frame.
    init(_ described: GuestFrame, _ rules: TapRuleSet) {
        guard let frame = described.frame else {
            self = .none
            return
        }
        reachesNode = FrameVerdict.passes(frame, rules: rules, way: .toNode)
        reachesPorts = FrameVerdict.passes(frame, rules: rules, way: .toOtherPort)
        isSeenByBridge =
            !frame.isLinkLocal && FrameVerdict.verdict(on: frame, in: rules.prerouting) == .accept
    }
}
