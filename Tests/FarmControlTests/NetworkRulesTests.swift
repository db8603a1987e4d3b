import FarmControl
import FarmModel
import PortContracts
import XCTest

final class NetworkRulesTests: XCTestCase {
    private let frames = TapFrames(
        own: .init(mac: MACAddress(bits: 0x5452_0003_0107), address: IPv4Address(bits: 0x0a03_0107)),
        other: .init(mac: MACAddress(bits: 0x5452_0003_0108), address: IPv4Address(bits: 0x0a03_0108)),
        node: .init(mac: MACAddress(bits: 0x0251_5600_0001), address: IPv4Address(bits: 0x0a03_0001)),
        broadcastAddress: IPv4Address(bits: 0x0a03_ffff))

    private func rules(_ policy: TapRules.IPv6Policy) -> TapRuleSet {
        TapRules.rules(
            tap: TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID(7)), mac: frames.own.mac,
            address: frames.own.address, nodeAddress: frames.node.address, ipv6: policy)
    }

    func testEveryClassOfFramePassesExactlyWhereItMay() throws {
        for policy in [TapRules.IPv6Policy.denied, .linkLocal] {
            for item in frames.cases(ipv6: policy) {
                let frame = try XCTUnwrap(EthernetFrame(item.frame))
                for way in FrameVerdict.Way.allCases
                where way == .toNode ? item.isForNode : item.isForOtherPorts {
                    let may = way == .toNode ? item.mayReachNode : item.mayReachOtherPorts
                    XCTAssertEqual(
                        FrameVerdict.passes(frame, rules: rules(policy), way: way), may,
                        "\(item.name), \(way), IPv6 \(policy)")
                }
            }
        }
    }

    func testWhatNeedNotPassDoesNotTeachTheBridge() throws {
        // Prerouting alone refuses every frame that may go nowhere, but link-local ones, which do not come
        // there.
        var dropped = 0
        for item in frames.cases(ipv6: .denied) where !item.mayReachNode && !item.mayReachOtherPorts {
            let frame = try XCTUnwrap(EthernetFrame(item.frame))
            // A DHCP request to another port is refused on its way out only.
            if item.name.hasPrefix("DHCP request of a new client, to other") { continue }
            XCTAssertEqual(FrameVerdict.verdict(on: frame, in: rules(.denied).prerouting), .drop, item.name)
            dropped += 1
        }
        XCTAssertGreaterThan(dropped, 20)
    }

    func testAnEmptyChainDropsAndTheFirstMatchingRuleWins() throws {
        let frame = try XCTUnwrap(EthernetFrame(frames.cases(ipv6: .denied)[0].frame))
        XCTAssertEqual(FrameVerdict.verdict(on: frame, in: []), .drop)
        XCTAssertEqual(
            FrameVerdict.verdict(on: frame, in: [FilterRule([], .accept), FilterRule([], .drop)]), .accept)
        XCTAssertEqual(
            FrameVerdict.verdict(on: frame, in: [FilterRule([], .drop), FilterRule([], .accept)]), .drop)
    }

    func testWhatPreroutingDropsGoesNowhere() throws {
        let tap = TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID(1))
        let accept = [FilterRule([], .accept)]
        let frame = try XCTUnwrap(EthernetFrame([UInt8](repeating: 2, count: 60)))
        for way in FrameVerdict.Way.allCases {
            let dropped = TapRuleSet(tap: tap, prerouting: [], input: accept, forward: accept)
            XCTAssertFalse(FrameVerdict.passes(frame, rules: dropped, way: way))
            let passed = TapRuleSet(tap: tap, prerouting: accept, input: accept, forward: accept)
            XCTAssertTrue(FrameVerdict.passes(frame, rules: passed, way: way))
        }
    }

    func testAFrameIsAtLeastItsHeader() {
        XCTAssertNotNil(EthernetFrame([UInt8](repeating: 0, count: 14)))
        for count in 0..<14 { XCTAssertNil(EthernetFrame([UInt8](repeating: 0, count: count))) }
    }

    func testRandomOctetsNeverCrashTheParserAndNeverPassWithAnotherSource() {
        var state: UInt64 = 42
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let chains = rules(.linkLocal)
        let cases = frames.cases(ipv6: .linkLocal)
        for _ in 0..<200_000 {
            var bytes = cases[Int(next()) % cases.count].frame
            for _ in 0..<(next() % 6) { bytes[Int(next()) % bytes.count] = UInt8(truncatingIfNeeded: next()) }
            if next() % 4 == 0 { bytes = Array(bytes.prefix(Int(next()) % bytes.count)) }
            guard let frame = EthernetFrame(bytes) else { continue }
            guard
                FrameVerdict.Way.allCases.contains(where: {
                    FrameVerdict.passes(frame, rules: chains, way: $0)
                })
            else { continue }
            XCTAssertEqual(frame.source, frames.own.mac)
            XCTAssert([0x0800, 0x0806, 0x86dd].contains(frame.etherType))
            if let ipv4 = frame.ipv4, ipv4.source != frames.own.address {
                XCTAssertEqual(ipv4.source, .unspecified)
                XCTAssertEqual(frame.udp?.destinationPort, 67)
            }
            if let arp = frame.arp {
                XCTAssertEqual(arp.senderMAC, frames.own.mac)
                XCTAssertEqual(arp.senderAddress, frames.own.address)
            }
        }
    }

    func testTheLinkLocalAddressIsThatOfTheMAC() throws {
        let mac = try XCTUnwrap(MACAddress("54:52:00:03:01:07"))
        XCTAssertEqual(
            TapRules.linkLocalAddress(of: mac),
            [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0x56, 0x52, 0, 0xff, 0xfe, 3, 1, 7])
    }
}
