import CLinux
import EbtablesFilter
import FarmControl
import FarmModel
import FarmPorts
import NetlinkNetwork
import NodeRig
import PortContracts
import Synchronization
import XCTest

final class EbtablesTapFilterTests: XCTestCase {
    override func setUpWithError() throws { try PrivateNamespaces.require() }

    func testKeepsTheContractOnRealRules() async throws {
        let fixture = EbtablesFixture()
        try await fixture.flushEverything()
        try await runContract(TapFilterContract(fixture).checks)
        try await fixture.flushEverything()
    }

    func testRealFramesOfEveryClassArriveExactlyWhereTheyMay() async throws {
        let fixture = try await TapFrameRig.make()
        try await runContract(TapFrameContract(fixture).checks)
        try await fixture.remove()
    }

    func testRulesStandBeforeTheTapAndBeforeItsFirstFrame() async throws {
        let fixture = try await TapFrameRig.make()
        let tap = TapName(farm: FarmID(bits: 0xf1), node: NodeID(1), vm: VMID(9))
        try await fixture.filter.apply(TapFrameRig.rules(tap, fixture.frames.own, fixture.rig, .denied))
        try await fixture.network.ensureTap(tap, mac: fixture.frames.own.mac)
        let node = try fixture.rig.listenAtNode()
        let guest = try TapPort(tap.text)
        let wrong = fixture.frames.cases(ipv6: .denied).first { $0.name.hasPrefix("IPv4 of another VM") }!
        let right = fixture.frames.cases(ipv6: .denied).first { $0.name.hasPrefix("own IPv4 broadcast") }!
        try await waitFor("the first honest frame", every: .milliseconds(1)) {
            try guest.send(wrong.frame)
            try guest.send(right.frame)
            let heard = try node.received()
            try require(!heard.contains { isSame($0, wrong.frame) }, "a foreign frame passed")
            return heard.contains { isSame($0, right.frame) }
        }
        try await fixture.network.removeTap(tap)
        try await fixture.filter.remove(tap)
        try await fixture.remove()
    }

    func testReplacingRulesLetsNoForeignFramePassAndLosesNoHonestOne() async throws {
        let fixture = try await TapFrameRig.make()
        let cases = fixture.frames.cases(ipv6: .denied)
        let right = cases.first { $0.name.hasPrefix("own IPv4 broadcast") }!
        let wrong = cases.filter { !$0.mayReachNode && !$0.mayReachOtherPorts }
        let node = try fixture.rig.listenAtNode()
        let rounds = 60
        let isReplaced = Flag()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for round in 0..<rounds { try await fixture.use(round % 2 == 0 ? .linkLocal : .denied) }
                isReplaced.raise()
            }
            group.addTask {
                var sent = 0
                var heard: [[UInt8]] = []
                while !isReplaced.isRaised {
                    try Task.checkCancellation()
                    try fixture.guest.send(right.frame)
                    sent += 1
                    // IPv6 is right in every other round; what is tested here is always wrong.
                    for item in wrong
                    where EthernetFrame(item.frame)?.etherType != EthernetFrame.EtherType.ipv6 {
                        try fixture.guest.send(item.frame)
                    }
                    heard += try node.received()
                    await Task.yield()
                }
                let expected = sent
                try await waitFor("all honest frames") {
                    heard += try node.received()
                    return heard.count >= expected
                }
                try requireEqual(heard.count { isSame($0, right.frame) }, sent, "honest frames")
                let others = heard.filter { !isSame($0, right.frame) && TapFrames.number(of: $0) != nil }
                try requireEqual(others, [], "other frames")
                print("\(rounds) replacements, \(sent) honest frames, \(sent * wrong.count) foreign ones")
            }
            try await group.waitForAll()
        }
        try await fixture.remove()
    }

    func testAFloodingGuestCostsTheOthersNoFrame() async throws {
        let fixture = try await TapFrameRig.make()
        let far = try fixture.rig.listenAtOtherNode()
        let frames = fixture.frames
        // The guest claims to be the other VM, its node and the other node, in every way that a bridge might
        // learn.
        let attackers = [frames.other.mac, frames.node.mac, fixture.rig.otherNodeMAC]
        let groups = [
            FrameBytes.broadcast, MACAddress(bits: 0x0180_c200_000e), MACAddress(bits: 0x0180_c200_0000),
        ]
        let attacks = attackers.flatMap { mac in
            groups.map {
                FrameBytes.ethernet(from: mac, to: $0, etherType: 0x88cc, TapFrames.mark + [0xff, 0xff])
            }
        }
        let honest = TapFrames(
            own: frames.other, other: .init(mac: fixture.rig.otherNodeMAC, address: fixture.rig.otherNodeAddress),
            node: frames.node, broadcastAddress: frames.broadcastAddress)
        let out = honest.cases(ipv6: .denied).first { $0.name.hasPrefix("own IPv4, to other") }!.frame
        let back = TapFrames(
            own: honest.other, other: honest.own, node: frames.node, broadcastAddress: frames.broadcastAddress
        ).cases(ipv6: .denied).first { $0.name.hasPrefix("own IPv4, to other") }!.frame
        let count = 2_000
        var arrivedOut = 0
        var arrivedBack = 0
        func collect() throws {
            arrivedOut += try far.received().count { isSame($0, out) }
            arrivedBack += try fixture.otherGuest.received().count { isSame($0, back) }
        }
        for _ in 0..<count {
            for attack in attacks { try fixture.guest.send(attack) }
            try fixture.otherGuest.send(out)
            try far.send(back)
            try collect()
        }
        try await waitFor(
            "the last frames; out \(arrivedOut), back \(arrivedBack)", upTo: .seconds(5)
        ) {
            try collect()
            return arrivedOut >= count && arrivedBack >= count
        }
        print(
            "of \(count) frames each way \(arrivedOut) and \(arrivedBack) arrived beside",
            "\(count * attacks.count) spoofed ones")
        XCTAssertEqual(arrivedOut, count)
        XCTAssertEqual(arrivedBack, count)
        let behind = try await fixture.addressesBehindTap()
        XCTAssertEqual(behind, [frames.own.mac])
        try await fixture.remove()
    }

    func testWithoutTheProgramsTheErrorSaysWhatToInstall() async throws {
        let filter = EbtablesTapFilter(folder: "/nonexistent")
        let error = try await requireFailure(
            .unreachable, .unavailable, "no ebtables",
            of: { () async throws(PortError) in try await filter.observe() })
        XCTAssert(error.detail.contains("install"), error.detail)
    }

    func testABatchOfOneVMTakesMilliseconds() async throws {
        let fixture = EbtablesFixture()
        try await fixture.flushEverything()
        let rig = try await NetworkRig.make()
        var applying: [Int64] = []
        var removing: [Int64] = []
        let taps = (1...100).map { TapName(farm: FarmID(bits: 0xf2), node: NodeID(1), vm: VMID($0)) }
        func measured(_ work: () async throws(PortError) -> Void) async throws(PortError) -> Int64 {
            let began = clinux_monotonic_nanoseconds()
            try await work()
            return (clinux_monotonic_nanoseconds() - began) / 1_000
        }
        for tap in taps {
            let address = IPv4Address(bits: 0x0a03_0100 + UInt32(tap.vm.rawValue))
            let party = TapFrames.Party(mac: MACAddress(forVirtualMachineAt: address), address: address)
            let rules = TapFrameRig.rules(tap, party, rig, .denied)
            applying.append(
                try await measured { () async throws(PortError) in try await fixture.port.apply(rules) })
        }
        let listing = try await measured { () async throws(PortError) in _ = try await fixture.port.observe() }
        let complete = try await fixture.port.observe()
        XCTAssertEqual(complete.count { $0.isComplete }, taps.count)
        for tap in taps {
            removing.append(
                try await measured { () async throws(PortError) in try await fixture.port.remove(tap) })
        }
        print(
            "rules of a VM: applied in \(applying.sorted()[50]) µs (median of 100), removed in",
            "\(removing.sorted()[50]) µs, 100 listed in \(listing) µs")
        let left = try await fixture.port.observe()
        XCTAssertEqual(left, [])
        try await rig.remove()
    }
}

/// The bridge cuts off the padding of IPv4.
private func isSame(_ heard: [UInt8], _ sent: [UInt8]) -> Bool {
    heard.prefix(14) == sent.prefix(14) && TapFrames.number(of: heard) == TapFrames.number(of: sent)
        && TapFrames.number(of: heard) != nil
}

private final class Flag: Sendable {
    private let state = Mutex(false)
    var isRaised: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}
