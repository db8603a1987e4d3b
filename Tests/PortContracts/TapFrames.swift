package import FarmControl
package import FarmModel

/// Frames of every class that a guest may or may not send, each with where it must arrive: one table for the
/// rules themselves, the simulated bridge and the real one.
package struct TapFrames: Sendable {
    package struct Case: Sendable {
        package var name: String
        package var frame: [UInt8]
        /// Whether a bridge by itself would bring it there.
        package var isForNode: Bool
        package var isForOtherPorts: Bool
        /// Whether the rules may let it.
        package var mayReachNode: Bool
        package var mayReachOtherPorts: Bool
    }

    package struct Party: Sendable {
        package var mac: MACAddress
        package var address: IPv4Address

        package init(mac: MACAddress, address: IPv4Address) {
            self.mac = mac
            self.address = address
        }
    }

    package var own: Party
    /// Another VM, behind another tap.
    package var other: Party
    package var node: Party
    /// The VM network's broadcast address.
    package var broadcastAddress: IPv4Address

    package init(own: Party, other: Party, node: Party, broadcastAddress: IPv4Address) {
        self.own = own
        self.other = other
        self.node = node
        self.broadcastAddress = broadcastAddress
    }

    enum Target { case all, node, other }
    enum Allowed { case nowhere, node, everywhere }

    /// In every frame, at its end, with its number behind: so that it is known again where it arrives.
    package static let mark = Array("QVD-test-frame-".utf8)
    var marked: [UInt8] { Self.mark + [0, 0] }

    package func cases(ipv6: TapRules.IPv6Policy) -> [Case] {
        var cases = arpCases + ipv4Cases + fragmentCases + dhcpCases + foreignMACCases + tagCases + otherCases
        cases += ipv6Cases(isAllowed: ipv6 == .linkLocal)
        for index in cases.indices {
            let frame = cases[index].frame
            guard let start = Self.markStart(in: frame) else {
                preconditionFailure("\(cases[index].name): no mark")
            }
            cases[index].frame[start + Self.mark.count] = UInt8(index >> 8)
            cases[index].frame[start + Self.mark.count + 1] = UInt8(index & 0xff)
        }
        return cases
    }

    /// The number of the case that a frame belongs to; nil for a frame that is none of these.
    package static func number(of frame: [UInt8]) -> Int? {
        guard let start = markStart(in: frame), start + mark.count + 1 < frame.count else { return nil }
        return Int(frame[start + mark.count]) << 8 | Int(frame[start + mark.count + 1])
    }

    private static func markStart(in frame: [UInt8]) -> Int? { frame.firstRange(of: mark)?.lowerBound }

    func item(
        _ name: String, _ target: Target, _ allowed: Allowed, type: UInt16, from source: MACAddress? = nil,
        tags: [FrameBytes.Tag] = [], _ payload: [UInt8]
    ) -> Case {
        let destination =
            switch target {
            case .all: FrameBytes.broadcast
            case .node: node.mac
            case .other: other.mac
            }
        let frame = FrameBytes.ethernet(
            from: source ?? own.mac, to: destination, etherType: type, tags: tags, payload)
        return Case(
            name: "\(name), to \(target)", frame: frame, isForNode: target != .other,
            isForOtherPorts: target != .node,
            mayReachNode: allowed != .nowhere, mayReachOtherPorts: allowed == .everywhere)
    }

    /// UDP over IPv4 that carries the mark.
    func udp(
        from source: IPv4Address, to destination: IPv4Address, ports: (UInt16, UInt16) = (4000, 5000),
        options: [UInt8] = []
    ) -> [UInt8] {
        FrameBytes.ipv4(
            from: source, to: destination, protocol: 17, FrameBytes.udp(from: ports.0, to: ports.1, marked),
            options: options)
    }

    func arpMessage(
        _ operation: FrameBytes.ARPOperation, _ mac: MACAddress, _ address: IPv4Address,
        for target: IPv4Address
    ) -> [UInt8] {
        FrameBytes.arp(
            operation, senderMAC: mac, senderAddress: address, targetMAC: MACAddress(bits: 0),
            targetAddress: target)
            + marked
    }
}
