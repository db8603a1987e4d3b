/// The frame filter of one tap, as data: what decides (`FarmControl`) builds it, the ebtables adapter writes it
/// out, and the simulated bridge sends its frames through it. First match wins; what matches no rule is dropped.
package struct TapRuleSet: Sendable, Hashable {
    package var tap: TapName
    /// Before the bridge learns a source address.
    package var prerouting: [FilterRule]
    /// Frames to the node itself (link-local ones come here without passing prerouting).
    package var input: [FilterRule]
    /// Frames to other ports.
    package var forward: [FilterRule]

    package init(tap: TapName, prerouting: [FilterRule], input: [FilterRule], forward: [FilterRule]) {
        self.tap = tap
        self.prerouting = prerouting
        self.input = input
        self.forward = forward
    }
}

/// All conditions of a rule must hold. A rule without conditions matches every frame.
package struct FilterRule: Sendable, Hashable {
    package enum Verdict: String, Sendable, Hashable { case accept, drop }

    package var conditions: [FrameCondition]
    package var verdict: Verdict

    package init(_ conditions: [FrameCondition], _ verdict: Verdict) {
        self.conditions = conditions
        self.verdict = verdict
    }
}

package enum FrameCondition: Sendable, Hashable {
    case source(MACAddress)
    case sourceIsNot(MACAddress)
    /// The destination is one of 01:80:c2:00:00:00 to :0f (BPDU, 802.1X, LLDP...), for which bridges have ways of
    /// their own.
    case linkLocalDestination
    /// The EtherType as the wire has it: a tagged frame is 0x8100 or 0x88a8, whatever it carries.
    case etherType(UInt16)
    case ipv4Source(IPv4Address)
    case ipv4Destination(IPv4Address)
    /// UDP with this destination port.
    case udpDestination(UInt16)
    case udpSource(UInt16)
    case arpSenderMAC(MACAddress)
    case arpSenderAddress(IPv4Address)
    /// The source is this IPv6 address (16 octets).
    case ipv6Source([UInt8])
    /// ICMPv6 of this type.
    case icmpv6Type(UInt8)
}

/// What is installed for a tap.
package struct ObservedFilter: Sendable, Hashable {
    package var tap: TapName
    /// True when every chain, its rules and the jumps to it are as the last `apply` for this tap by anybody wrote
    /// them, in order; false for a half-removed or altered one.
    package var isComplete: Bool

    package init(tap: TapName, isComplete: Bool) {
        self.tap = tap
        self.isComplete = isComplete
    }
}
