package import FarmModel

/// What a tap's rules say of a frame: the reference that the simulated bridge uses and that the real filter
/// is tested against.
package enum FrameVerdict {
    /// Where a frame from a tap would go.
    package enum Way: Sendable, Hashable, CaseIterable {
        case toNode
        case toOtherPort
    }

    /// The verdict of one chain: the first rule whose conditions all hold; drop when there is none.
    package static func verdict(on frame: EthernetFrame, in chain: [FilterRule]) -> FilterRule.Verdict {
        for rule in chain where rule.conditions.allSatisfy({ holds($0, of: frame) }) { return rule.verdict }
        return .drop
    }

    /// Whether a frame that came out of the tap gets there. Link-local ones (BPDU and the like) never reach
    /// another port, and pass the input chain only.
    package static func passes(_ frame: EthernetFrame, rules: TapRuleSet, way: Way) -> Bool {
        if frame.isLinkLocal {
            return way == .toNode && verdict(on: frame, in: rules.input) == .accept
        }
        guard verdict(on: frame, in: rules.prerouting) == .accept else { return false }
        switch way {
        case .toNode: return verdict(on: frame, in: rules.input) == .accept
        case .toOtherPort: return verdict(on: frame, in: rules.forward) == .accept
        }
    }

    private static func holds(_ condition: FrameCondition, of frame: EthernetFrame) -> Bool {
        switch condition {
        case .source(let mac): frame.source == mac
        case .sourceIsNot(let mac): frame.source != mac
        case .linkLocalDestination: frame.isLinkLocal
        case .etherType(let type): frame.etherType == type
        case .ipv4Source(let address): frame.ipv4?.source == address
        case .ipv4Destination(let address): frame.ipv4?.destination == address
        case .udpDestination(let port): frame.udp?.destinationPort == port
        case .udpSource(let port): frame.udp?.sourcePort == port
        case .arpSenderMAC(let mac): frame.arp?.senderMAC == mac
        case .arpSenderAddress(let address): frame.arp?.senderAddress == address
        case .ipv6Source(let octets): frame.ipv6Source == octets
        case .icmpv6Type(let type): frame.icmpv6Type == type
        }
    }
}
