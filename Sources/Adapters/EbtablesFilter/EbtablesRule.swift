import FarmModel

/// A rule as ebtables writes it, without the chain: `-p IPv4 --ip-src 10.3.0.7 -j RETURN`.
///
/// Accepting is `RETURN`: what our rules let pass goes on to rules that the operator may have in the same
/// table, so ours are necessary and never sufficient.
enum EbtablesRule {
    /// A rule that cannot be said in ebtables; the words name the condition.
    struct Inexpressible: Error, Equatable { let words: String }

    /// The options in the order in which `ebtables-save` writes them, so that text can be compared.
    static func text(_ rule: FilterRule) throws(Inexpressible) -> String {
        var options = Options()
        for condition in rule.conditions { try options.add(condition) }
        return try options.text(verdict: rule.verdict)
    }

    /// Reads such a text back in its one normal form; nil for one that this adapter would not write.
    static func normalized(_ words: some Collection<Substring>) -> String? {
        var rest = Array(words)[...]
        var options = Options()
        while let option = rest.popFirst() {
            guard var value = rest.popFirst() else { return nil }
            if option == "-j" {
                guard rest.isEmpty, let verdict = verdicts.first(where: { $0.value == value })?.key else {
                    return nil
                }
                do throws(Inexpressible) {
                    return try options.text(verdict: verdict)
                } catch {
                    return nil
                }
            }
            if option == "-s", value == "!" {
                guard let mac = rest.popFirst() else { return nil }
                value = "! " + mac
            }
            guard options.read(String(option), String(value)) else { return nil }
        }
        return nil
    }

    private static let verdicts: [FilterRule.Verdict: String] = [.accept: "RETURN", .drop: "DROP"]
}

/// The options of one rule, each at most once.
private struct Options {
    private var values: [Option: String] = [:]

    /// In the order of writing.
    private enum Option: Int, CaseIterable {
        case etherType, source, destination, ipv4Source, ipv4Destination, arpAddress, arpMAC, ipv6Source, udp
        case udpSource, udpDestination, icmpv6, icmpv6Type
    }

    private enum Family: String {
        case ipv4 = "IPv4"
        case arp = "ARP"
        case ipv6 = "IPv6"
    }

    private var family: Family? { values[.etherType].flatMap(Family.init(rawValue:)) }

    mutating func add(_ condition: FrameCondition) throws(EbtablesRule.Inexpressible) {
        switch condition {
        case .source(let mac): try set(.source, mac.description)
        case .sourceIsNot(let mac): try set(.source, "! \(mac)")
        case .linkLocalDestination: try set(.destination, "01:80:c2:00:00:00/ff:ff:ff:ff:ff:f0")
        case .etherType(let type): try set(.etherType, try Self.name(ofEtherType: type))
        case .ipv4Source(let address): try set(.ipv4Source, address.description)
        case .ipv4Destination(let address): try set(.ipv4Destination, address.description)
        case .arpSenderMAC(let mac): try set(.arpMAC, mac.description)
        case .arpSenderAddress(let address): try set(.arpAddress, address.description)
        case .ipv6Source(let octets):
            guard octets.count == 16 else { throw .init(words: "an IPv6 source of \(octets.count) octets") }
            try set(.ipv6Source, IPv6Text.text(octets))
        case .udpSource(let port):
            values[.udp] = "udp"
            try set(.udpSource, String(port))
        case .udpDestination(let port):
            values[.udp] = "udp"
            try set(.udpDestination, String(port))
        case .icmpv6Type(let type):
            values[.icmpv6] = "ipv6-icmp"
            try set(.icmpv6Type, String(type))
        }
    }

    func text(verdict: FilterRule.Verdict) throws(EbtablesRule.Inexpressible) -> String {
        var words: [String] = []
        for option in Option.allCases {
            guard let value = values[option] else { continue }
            guard let name = name(of: option) else {
                throw .init(words: "the condition \(option) without the EtherType that it belongs to")
            }
            words += [name, value]
        }
        return (words + ["-j", verdict == .accept ? "RETURN" : "DROP"]).joined(separator: " ")
    }

    /// False for an option or value that this adapter never writes.
    mutating func read(_ name: String, _ value: String) -> Bool {
        guard let option = Option.allCases.first(where: { self.name(of: $0) == name }), values[option] == nil
        else {
            return false
        }
        switch option {
        case .ipv6Source:
            guard let octets = IPv6Text.octets(value) else { return false }
            values[option] = IPv6Text.text(octets)
        case .icmpv6Type:
            values[option] = Self.icmpv6Types[value] ?? value
        default:
            values[option] = value
        }
        return true
    }

    private mutating func set(_ option: Option, _ value: String) throws(EbtablesRule.Inexpressible) {
        guard values[option] == nil else { throw .init(words: "two conditions \(option) in one rule") }
        values[option] = value
    }

    /// Nil when the option does not exist for the rule's EtherType.
    private func name(of option: Option) -> String? {
        switch (option, family) {
        case (.etherType, _): "-p"
        case (.source, _): "-s"
        case (.destination, _): "-d"
        case (.ipv4Source, .ipv4): "--ip-src"
        case (.ipv4Destination, .ipv4): "--ip-dst"
        case (.arpAddress, .arp): "--arp-ip-src"
        case (.arpMAC, .arp): "--arp-mac-src"
        case (.ipv6Source, .ipv6): "--ip6-src"
        case (.udp, .ipv4): "--ip-proto"
        case (.udpSource, .ipv4): "--ip-sport"
        case (.udpDestination, .ipv4): "--ip-dport"
        case (.udp, .ipv6) where values[.icmpv6] == nil: "--ip6-proto"
        case (.udpSource, .ipv6): "--ip6-sport"
        case (.udpDestination, .ipv6): "--ip6-dport"
        case (.icmpv6, .ipv6) where values[.udp] == nil: "--ip6-proto"
        case (.icmpv6Type, .ipv6): "--ip6-icmp-type"
        default: nil
        }
    }

    private static func name(ofEtherType type: UInt16) throws(EbtablesRule.Inexpressible) -> String {
        switch type {
        case 0x0800: return Family.ipv4.rawValue
        case 0x0806: return Family.arp.rawValue
        case 0x86dd: return Family.ipv6.rawValue
        default: throw .init(words: "EtherType 0x\(String(type, radix: 16))")
        }
    }

    /// The names that `ebtables-save` gives to the types that `TapRules` uses.
    private static let icmpv6Types = [
        "router-advertisement": "134", "neighbour-solicitation": "135", "redirect": "137",
    ]
}
