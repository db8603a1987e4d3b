import EbtablesFilter
import FarmControl
import FarmModel
import NetlinkNetwork
import NodeRig
import XCTest

/// What one VM's tap and its rules cost, with others there.
final class NetworkFigures: XCTestCase {
    func testTapsAndRules() async throws {
        let rig = try await NetworkRig.make()
        let network = NetlinkNodeNetwork(bridge: rig.bridge)
        let filter = EbtablesTapFilter()
        let count = Figure.size(5, full: 50)
        let vms = (1...count).map { VMID(Int64($0)) }
        let clock = ContinuousClock()
        var taps: [Duration] = []
        var rules: [Duration] = []
        for vm in vms {
            let tap = TapName(farm: FarmID(bits: 0xbe0c11), node: NodeID(1), vm: vm)
            let address = IPv4Address(bits: 0x0a03_0100 + UInt32(vm.rawValue))
            let mac = MACAddress(forVirtualMachineAt: address)
            taps.append(try await clock.measure { try await network.ensureTap(tap, mac: mac) })
            let set = TapRules.rules(
                tap: tap, mac: mac, address: address, nodeAddress: rig.nodeAddress, ipv6: .denied)
            rules.append(try await clock.measure { try await filter.apply(set) })
        }
        for vm in vms {
            let tap = TapName(farm: FarmID(bits: 0xbe0c11), node: NodeID(1), vm: vm)
            try await filter.remove(tap)
            try await network.removeTap(tap)
        }
        let bare = try await bareTap(rig.bridge)
        try await rig.remove()
        Figure.print("one tap (median of \(count))", Figure.milliseconds(Figure.median(taps)), aim: "≤ 2 ms")
        Figure.print("the same by `ip` (two processes)", Figure.milliseconds(bare), aim: "for comparison")
        let batch = Figure.milliseconds(Figure.median(rules))
        Figure.print("one VM's rule batch (median of \(count))", batch, aim: "≤ 20 ms")
    }

    private func bareTap(_ bridge: String) async throws -> Duration {
        var times: [Duration] = []
        for _ in 0..<5 {
            times.append(
                try await ContinuousClock().measure {
                    try await RigCommand.run("ip", "tuntap", "add", "qvdbench", "mode", "tap")
                    try await RigCommand.run("ip", "link", "set", "qvdbench", "master", bridge, "up")
                })
            try await RigCommand.run("ip", "link", "del", "qvdbench")
        }
        return Figure.median(times)
    }
}
