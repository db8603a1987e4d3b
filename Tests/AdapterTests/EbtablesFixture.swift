import EbtablesFilter
import FarmControl
import FarmModel
import Foundation
import NetlinkNetwork
import NodeRig
import PortContracts
import Synchronization

/// The rules of a node and the hands of other programs on them.
final class EbtablesFixture: TapFilterFixture {
    let port = EbtablesTapFilter()
    private let breaks = Mutex(0)

    func restartedPort() async throws -> EbtablesTapFilter { EbtablesTapFilter() }

    func flushEverything() async throws {
        for table in ["filter", "nat"] {
            for command in ["-F", "-X"] { try await RigCommand.run("ebtables", "-t", table, command) }
        }
    }

    func breakRules(of tap: TapName) async throws {
        let turn = breaks.withLock { count in
            count += 1
            return count % 4
        }
        switch turn {
        case 0: try await RigCommand.run("ebtables", "-t", "nat", "-D", "QVD_PRE_\(tap)", "1")
        case 1:
            try await RigCommand.run(
                "ebtables", "-D", "FORWARD", "-i", tap.text, "-j", "QVD_FORWARD_\(tap)")
        case 2: try await RigCommand.run("ebtables", "-F", "QVD_INPUT_\(tap)")
        default: try await RigCommand.run("ebtables", "-I", "QVD_FORWARD_\(tap)", "-j", "ACCEPT")
        }
    }

    func addForeignRule() async throws {
        try await RigCommand.run("ebtables", "-A", "FORWARD", "-p", "0x9000", "-j", "DROP")
    }

    /// Programs in a folder of their own: `restore` passes the first table on to the real one, and fails.
    func portThatBreaksOff() async throws -> EbtablesTapFilter {
        let folder = try ScratchFolder("ebtables")
        let restore = "\(folder.path)/ebtables-nft-restore"
        let script = """
            #!/bin/sh
            sed /^COMMIT/q | /usr/sbin/ebtables-nft-restore "$@"
            echo "broken off by the test" >&2
            exit 1

            """
        try script.write(toFile: restore, atomically: true, encoding: .utf8)
        try await RigCommand.run("chmod", "755", restore)
        try await RigCommand.run("ln", "-s", "/usr/sbin/ebtables-nft-save", "\(folder.path)/ebtables-nft-save")
        return EbtablesTapFilter(folder: folder.path)
    }

    func foreignRuleExists() async throws -> Bool {
        try await RigCommand.run("ebtables", "-L", "FORWARD").contains("0x9000")
    }
}

/// A real bridge with the taps of two VMs, under real rules.
struct TapFrameRig: TapFrameFixture {
    let rig: NetworkRig
    let network: NetlinkNodeNetwork
    let filter = EbtablesTapFilter()
    let frames: TapFrames
    let ownTap: TapName
    let otherTap: TapName
    /// The guests' sides.
    let guest: TapPort
    let otherGuest: TapPort

    static func make() async throws -> TapFrameRig {
        let rig = try await NetworkRig.make()
        let made = try await TapFrameRig(rig: rig)
        try await made.rig.waitUntilForwarding(made.ownTap.text)
        try await made.rig.waitUntilForwarding(made.otherTap.text)
        return made
    }

    private init(rig: NetworkRig) async throws {
        self.rig = rig
        network = NetlinkNodeNetwork(bridge: rig.bridge)
        func party(_ number: UInt32) -> TapFrames.Party {
            let address = IPv4Address(bits: 0x0a03_0100 + number)
            return TapFrames.Party(mac: MACAddress(forVirtualMachineAt: address), address: address)
        }
        frames = TapFrames(
            own: party(7), other: party(8), node: .init(mac: rig.nodeMAC, address: rig.nodeAddress),
            broadcastAddress: rig.addressPlan.broadcast)
        ownTap = TapName(farm: FarmID(bits: 0xf1), node: NodeID(1), vm: VMID(7))
        otherTap = TapName(farm: FarmID(bits: 0xf1), node: NodeID(1), vm: VMID(8))
        for (tap, party) in [(ownTap, frames.own), (otherTap, frames.other)] {
            try await network.ensureTap(tap, mac: party.mac)
            try await filter.apply(Self.rules(tap, party, rig, .denied))
        }
        guest = try TapPort(ownTap.text)
        otherGuest = try TapPort(otherTap.text)
    }

    static func rules(
        _ tap: TapName, _ party: TapFrames.Party, _ rig: NetworkRig, _ policy: TapRules.IPv6Policy
    ) -> TapRuleSet {
        TapRules.rules(
            tap: tap, mac: party.mac, address: party.address, nodeAddress: rig.nodeAddress, ipv6: policy)
    }

    func remove() async throws {
        for tap in [ownTap, otherTap] {
            try await network.removeTap(tap)
            try await filter.remove(tap)
        }
        try await rig.remove()
    }

    func use(_ policy: TapRules.IPv6Policy) async throws {
        try await filter.apply(Self.rules(ownTap, frames.own, rig, policy))
    }

    func addressesBehindTap() async throws -> Set<MACAddress> { try await rig.addressesBehind(ownTap.text) }

    func send(_ cases: [TapFrames.Case]) async throws -> [TapFrameArrival] {
        let node = try rig.listenAtNode()
        let uplink = try rig.listenAtOtherNode()
        var arrivals = [TapFrameArrival](repeating: TapFrameArrival(), count: cases.count)
        func collect() throws {
            for frame in try node.received() { mark(frame, \.atNode) }
            for frame in try uplink.received() { mark(frame, \.atUplink) }
            for frame in try otherGuest.received() { mark(frame, \.atOtherTap) }
        }
        func mark(_ frame: [UInt8], _ place: WritableKeyPath<TapFrameArrival, Bool>) {
            if let number = TapFrames.number(of: frame), number < arrivals.count {
                arrivals[number][keyPath: place] = true
            }
        }
        for item in cases { try guest.send(item.frame) }
        // A last, honest frame: once it has arrived everywhere, all before it has or never will.
        let last = cases.count
        var fence = frames.cases(ipv6: .denied)[0].frame
        fence[fence.firstRange(of: TapFrames.mark)!.upperBound] = UInt8(last >> 8)
        fence[fence.firstRange(of: TapFrames.mark)!.upperBound + 1] = UInt8(last & 0xff)
        arrivals.append(TapFrameArrival())
        try guest.send(fence)
        try await waitFor("the last frame to arrive everywhere", every: .milliseconds(1)) {
            try collect()
            return arrivals[last].atNode && arrivals[last].atUplink && arrivals[last].atOtherTap
        }
        arrivals.removeLast()
        return arrivals
    }
}
