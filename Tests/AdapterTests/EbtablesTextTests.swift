import FarmControl
import FarmModel
import Goldens
import XCTest

@testable import EbtablesFilter

final class EbtablesTextTests: XCTestCase {
    private func rules(_ ipv6: TapRules.IPv6Policy) -> TapRuleSet {
        TapRules.rules(
            tap: TapName(farm: FarmID(bits: 0x1a2b3c), node: NodeID(1), vm: VMID(10)),
            mac: MACAddress(bits: 0x5452_0003_0107), address: IPv4Address(bits: 0x0a03_0107),
            nodeAddress: IPv4Address(bits: 0x0a03_0001), ipv6: ipv6)
    }

    func testBatchesAreWrittenAsTheGoldenFiles() throws {
        let plain = try TapChains(rules(.denied))
        let withIPv6 = try TapChains(rules(.linkLocal))
        try GoldenFile("ebtables/apply.rules").check(plain.applyingFresh())
        try GoldenFile("ebtables/apply-with-ipv6.rules").check(withIPv6.applyingFresh())
        try GoldenFile("ebtables/replace.rules").check(plain.replacing(withIPv6.asStanding))
        try GoldenFile("ebtables/remove.rules").check(TapChains.removing(plain.asStanding))
    }

    func testAListingOfWhatWasAppliedIsComplete() throws {
        for policy in [TapRules.IPv6Policy.denied, .linkLocal] {
            let text = listing(try TapChains(rules(policy)))
            let read = RuleListing(text)
            XCTAssertEqual(Array(read.taps.keys), [rules(policy).tap])
            XCTAssert(read.isComplete(rules(policy).tap), text)
        }
    }

    func testAListingWithAnyLineOfOursLessOrAnotherMoreIsNotComplete() throws {
        let tap = rules(.linkLocal).tap
        let lines = listing(try TapChains(rules(.linkLocal))).split(separator: "\n").map(String.init)
        var altered = 0
        for index in lines.indices where lines[index].contains(tap.text) {
            var less = lines
            less.remove(at: index)
            XCTAssertFalse(
                RuleListing(less.joined(separator: "\n")).isComplete(tap), "without \(lines[index])")
            guard lines[index].hasPrefix("-A") else { continue }
            var more = lines
            more.insert(lines[index], at: index)
            XCTAssertFalse(RuleListing(more.joined(separator: "\n")).isComplete(tap), "twice \(lines[index])")
            var other = lines
            other[index] = lines[index].replacing("-j DROP", with: "-j RETURN")
                .replacing("54:52:00:03:01:07", with: "54:52:00:03:01:08")
            if other != lines {
                altered += 1
                XCTAssertFalse(
                    RuleListing(other.joined(separator: "\n")).isComplete(tap), "altered \(lines[index])")
            }
        }
        XCTAssertGreaterThan(altered, 5, "hardly a line was altered: does the listing have other words?")
        let open = lines.map { $0 == ":QVD_PRE_\(tap) DROP" ? ":QVD_PRE_\(tap) ACCEPT" : $0 }
        XCTAssertFalse(RuleListing(open.joined(separator: "\n")).isComplete(tap), "with an open policy")
        let foreign = lines.flatMap {
            $0.hasPrefix("-A QVD_PRE") ? [$0, "-A QVD_PRE_\(tap) -p LLDP -j ACCEPT"] : [$0]
        }
        XCTAssertFalse(RuleListing(foreign.joined(separator: "\n")).isComplete(tap), "with a rule of others")
    }

    func testRulesOfOthersAreNoTapsOfOurs() {
        let text = """
            *filter
            :INPUT ACCEPT
            :QVD_OTHER_eth0 DROP
            :mine DROP
            -A INPUT -i eth0 -j mine
            -A INPUT -j QVD_OTHER_eth0
            garbage
            -A
            :
            *
            """
        XCTAssert(RuleListing(text).taps.isEmpty)
    }

    func testWhatEbtablesCannotExpressIsNamed() {
        let strange: [[FrameCondition]] = [
            [.etherType(0x88cc)], [.ipv4Source(IPv4Address(bits: 1))], [.etherType(0x0806), .udpSource(67)],
            [.etherType(0x0800), .etherType(0x0806)], [.etherType(0x86dd), .ipv6Source([1])],
            [.etherType(0x86dd), .udpSource(1), .icmpv6Type(2)],
        ]
        for conditions in strange {
            XCTAssertThrowsError(try EbtablesRule.text(FilterRule(conditions, .drop)), "\(conditions)")
        }
    }

    func testIPv6AddressesAreReadInEveryFormThatIsPrinted() {
        let cases = [
            ("::", "0:0:0:0:0:0:0:0"), ("fe80::5652:ff:fe03:107", "fe80:0:0:0:5652:ff:fe03:107"),
            ("::1", "0:0:0:0:0:0:0:1"),
            ("1::", "1:0:0:0:0:0:0:0"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ]
        for (printed, whole) in cases {
            XCTAssertEqual(IPv6Text.octets(printed).map(IPv6Text.text), whole, printed)
        }
        for wrong in ["", ":", "1:2", "1::2::3", "12345::", "1:2:3:4:5:6:7:8:9", "g::", "::1.2.3.4"] {
            XCTAssertNil(IPv6Text.octets(wrong), wrong)
        }
    }

    /// What `ebtables-save` prints after a batch: chains with their policies, then rules, in the order of
    /// adding.
    private func listing(_ chains: TapChains) -> String {
        chains.applyingFresh().split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            return switch words[0] {
            case "-N": ":\(words[1]) \(words.last == "DROP" ? "DROP" : "ACCEPT")"
            case "-I": "-A " + line.dropFirst(3)
            default: String(line)
            }
        }.joined(separator: "\n")
    }
}
