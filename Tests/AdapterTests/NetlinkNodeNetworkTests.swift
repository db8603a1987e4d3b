import CLinux
import FarmControl
import FarmModel
import FarmPorts
import NetlinkNetwork
import NodeRig
import PortContracts
import XCTest

final class NetlinkNodeNetworkTests: XCTestCase {
    func testKeepsTheContractOnARealBridge() async throws {
        let rig = try await NetworkRig.make()
        let fixture = NetlinkFixture(rig: rig)
        try await runContract(NodeNetworkContract(fixture).checks)
        try await rig.remove()
    }

    func testTheBridgeKnowsTheVMsAddressAndLearnsNoOther() async throws {
        let rig = try await NetworkRig.make()
        let network = NetlinkNodeNetwork(bridge: rig.bridge)
        let tap = TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID(1))
        let mac = MACAddress(bits: 0x5452_0003_0101)
        try await network.ensureTap(tap, mac: mac)
        let known = try await rig.addressesBehind(tap.text)
        XCTAssertEqual(known, [mac])
        let guest = try TapPort(tap.text)
        try await rig.waitUntilForwarding(tap.text)
        // No rules stand here: even so no frame of any kind teaches the bridge.
        let frames = TapFrames(
            own: .init(mac: mac, address: IPv4Address(bits: 0x0a03_0101)),
            other: .init(mac: MACAddress(bits: 0x5452_0003_0102), address: IPv4Address(bits: 0x0a03_0102)),
            node: .init(mac: rig.nodeMAC, address: rig.nodeAddress), broadcastAddress: rig.addressPlan.broadcast)
        let far = try rig.listenAtOtherNode()
        for item in frames.cases(ipv6: .denied) { try guest.send(item.frame) }
        try await waitFor("frames to pass the bridge") {
            try far.received().contains { TapFrames.number(of: $0) != nil }
        }
        let learned = try await rig.addressesBehind(tap.text)
        XCTAssertEqual(learned, [mac])
        // And what comes back over the uplink with the VM's address does not move it there.
        try far.send(frames.cases(ipv6: .denied)[0].frame)
        let kept = try await rig.addressesBehind(tap.text)
        XCTAssertEqual(kept, [mac])
        try await network.removeTap(tap)
        try await rig.remove()
    }

    func testARemovedTapTakesAnAttachedEmulatorOffTheBridge() async throws {
        let rig = try await NetworkRig.make()
        let network = NetlinkNodeNetwork(bridge: rig.bridge)
        let tap = TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID(2))
        try await network.ensureTap(tap, mac: MACAddress(bits: 0x5452_0003_0102))
        let guest = try TapPort(tap.text)
        // Ensured again while an emulator holds it: nothing to attach to, nothing broken.
        try await network.ensureTap(tap, mac: MACAddress(bits: 0x5452_0003_0102))
        try await network.removeTap(tap)
        let taps = try await network.observeTaps()
        XCTAssertEqual(taps, [])
        XCTAssertThrowsError(try guest.send([UInt8](repeating: 0xff, count: 60)))
        try await rig.remove()
    }

    func testATapMadeByOtherMeansIsMadePersistentWithTheHeaderThatEmulatorsExpect() async throws {
        let rig = try await NetworkRig.make()
        let network = NetlinkNodeNetwork(bridge: rig.bridge)
        let tap = TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID(3))
        try await RigCommand.run("ip", "tuntap", "add", tap.text, "mode", "tap")
        try await network.ensureTap(tap, mac: MACAddress(bits: 0x5452_0003_0103))
        let details = try await RigCommand.run("ip", "-d", "link", "show", tap.text)
        XCTAssert(
            details.contains("vnet_hdr on") && details.contains("persist on") && details.contains("pi off"),
            details)
        XCTAssert(details.contains("learning off") && details.contains("guard on"), details)
        try await network.removeTap(tap)
        try await rig.remove()
    }

    func testAnInterfaceThatIsNoBridgeIsNamedAsTheReason() async throws {
        let rig = try await NetworkRig.make()
        let network = NetlinkNodeNetwork(bridge: NetworkRig.uplink)
        let tap = TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID(4))
        try await requireFailure(
            .rejected, .invalid, "a tap on a veth",
            of: { () async throws(PortError) in try await network.ensureTap(tap, mac: rig.nodeMAC) })
        let error = try await requireFailure(
            .rejected, .invalid, "looking at a veth",
            of: { () async throws(PortError) in try await network.observeBridge() })
        XCTAssert(error.detail.contains("veth"), error.detail)
        let taps = try await network.observeTaps()
        XCTAssertEqual(taps, [])
        try await rig.remove()
    }

    func testAThousandChangesAtOnceDoNotConfuseAListing() async throws {
        let rig = try await NetworkRig.make()
        let network = NetlinkNodeNetwork(bridge: rig.bridge)
        let observer = NetlinkNodeNetwork(bridge: rig.bridge)
        let names = (100..<200).map { TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID($0)) }
        let began = clinux_monotonic_nanoseconds()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for name in names {
                    try await network.ensureTap(name, mac: MACAddress(bits: 0x5452_0000_0000))
                }
            }
            group.addTask {
                var seen = 0
                while seen < names.count {
                    try Task.checkCancellation()
                    let taps = try await observer.observeTaps()
                    try require(taps.count >= seen, "a listing lost a tap: \(taps.count) after \(seen)")
                    seen = taps.count
                }
            }
            try await group.waitForAll()
        }
        let ended = clinux_monotonic_nanoseconds()
        print("made \(names.count) taps in \((ended - began) / 1_000_000) ms while listing them")
        for name in names { try await network.removeTap(name) }
        print("removed them in \((clinux_monotonic_nanoseconds() - ended) / 1_000_000) ms")
        try await rig.remove()
    }
}

private struct NetlinkFixture: NodeNetworkFixture {
    let rig: NetworkRig
    let port: NetlinkNodeNetwork

    init(rig: NetworkRig) {
        self.rig = rig
        port = NetlinkNodeNetwork(bridge: rig.bridge)
    }

    var bridge: ObservedBridge { ObservedBridge(name: rig.bridge, isUp: true, addresses: [rig.nodeAddress]) }

    func removeBridge() async throws { try await rig.removeBridge() }
    func restoreBridge() async throws { try await rig.makeBridge() }
    func setBridge(isUp: Bool) async throws {
        try await RigCommand.run("ip", "link", "set", rig.bridge, isUp ? "up" : "down")
    }

    func makeForeignInterface(named name: String) async throws {
        try await RigCommand.run("ip", "link", "add", name, "type", "veth", "peer", "name", "foreign0")
    }

    func foreignInterfaceExists(named name: String) async throws -> Bool { try await rig.exists(name) }

    func removeForeignInterface(named name: String) async throws {
        try await RigCommand.run("ip", "link", "del", name)
    }

    func takeOffBridge(_ tap: TapName) async throws {
        try await RigCommand.run("ip", "link", "set", tap.text, "nomaster")
    }

    func setDown(_ tap: TapName) async throws {
        try await RigCommand.run("ip", "link", "set", tap.text, "down")
    }
}
