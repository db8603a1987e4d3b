import DnsmasqAddresses
import EbtablesFilter
import FarmControl
import FarmModel
import FarmPorts
import LibvirtHypervisor
import Logging
import NetlinkNetwork
import NodeRig
import XCTest

/// Real guests, each started in the node's own order: tap on the bridge, rules, reservation, domain. Every part is
/// the real adapter.
final class GuestNetworkTests: XCTestCase {
    private struct Node {
        let fixture: LibvirtFixture
        let rig: NetworkRig
        let network: NetlinkNodeNetwork
        let filter: EbtablesTapFilter
        let addresses: DnsmasqAddresses
    }

    private func withNode(_ body: (Node) async throws -> Void) async throws {
        try await LibvirtFixture.run { fixture in
            let rig = try await NetworkRig.make()
            let addresses = DnsmasqAddresses(
                DnsmasqConfiguration(
                    farm: fixture.farm, addressPlan: rig.addressPlan, bridge: rig.bridge,
                    folder: try fixture.scratch.folder("dhcp") + "/served"), log: Logger(label: "dnsmasq"))
            let node = Node(
                fixture: fixture, rig: rig, network: NetlinkNodeNetwork(bridge: rig.bridge),
                filter: EbtablesTapFilter(),
                addresses: addresses)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await addresses.run() }
                let result: Result<Void, any Error>
                do {
                    try await waitFor("dnsmasq to serve") { await addresses.status() == .serving }
                    result = .success(try await body(node))
                } catch {
                    result = .failure(error)
                }
                group.cancelAll()
                try await group.waitForAll()
                for domain in try await fixture.port.observe() { try await fixture.port.destroy(domain.name) }
                for tap in try await node.network.observeTaps() {
                    try await node.network.removeTap(tap.name)
                    try await node.filter.remove(tap.name)
                }
                try await rig.remove()
                try result.get()
            }
        }
    }

    private func reservation(_ vm: Int64, _ rig: NetworkRig) -> Reservation {
        let address = IPv4Address(bits: rig.addressPlan.rangeStart.bits + UInt32(vm))
        return Reservation(
            vm: VMID(vm), mac: MACAddress(forVirtualMachineAt: address), address: address, hostName: "desk-\(vm)")
    }

    /// Everything of a VM but its reservation, and its start.
    private func start(_ reservation: Reservation, _ node: Node) async throws -> DomainSpecification {
        let folder = try node.fixture.scratch.folder("guest-\(reservation.vm)")
        let guest = try BusyboxGuest.prepare(in: folder)
        var specification = try await node.fixture.specification(of: reservation.vm, epoch: Epoch(1))
        specification.memory = Mebibytes(96)
        specification.networkPort.mac = reservation.mac
        let boot = DirectBoot(
            kernelPath: guest.kernelPath, initialRamdiskPath: guest.initialRamdiskPath,
            commandLine: guest.commandLine)
        specification.kind = .machine(MachineParts(acceleration: .tcg, directBoot: boot))
        try await node.network.ensureTap(specification.networkPort.tap, mac: reservation.mac)
        try await node.filter.apply(
            TapRules.rules(
                tap: specification.networkPort.tap, mac: reservation.mac, address: reservation.address,
                nodeAddress: node.rig.nodeAddress, ipv6: .denied))
        try await node.fixture.port.define(specification)
        try await node.fixture.port.create(specification.name)
        return specification
    }

    /// What the guest's HTTP server tells the node.
    private func page(of reservation: Reservation) async throws -> String {
        try await RigCommand.run(
            "timeout", "5", "busybox", "wget", "-q", "-O", "-", "http://\(reservation.address):3030/")
    }

    func testRealGuestsObtainTheirAddressesBehindTheirRulesAndAreReached() async throws {
        try await withNode { node in
            let all = [reservation(7, node.rig), reservation(8, node.rig), reservation(9, node.rig)]
            // 9 exists too and is not running; a stranger in its place is not served.
            try await node.addresses.publish(all)
            let began = ContinuousClock.now
            for reservation in all.prefix(2) {
                let specification = try await start(reservation, node)
                try await waitFor("the guest to obtain \(reservation.address)", upTo: .seconds(90)) {
                    node.fixture.consoleText(reservation.vm).contains("MARK address \(reservation.address)")
                }
                print("VM \(reservation.vm) had its address \(ContinuousClock.now - began) after the first start")
                try await waitFor("the guest to be reached") {
                    try await RigCommand.succeeds(
                        "timeout", "2", "busybox", "wget", "-q", "-O", "/dev/null",
                        "http://\(reservation.address):3030/")
                }
                let page = try await page(of: reservation)
                XCTAssertEqual(page, reservation.hostName + "\n", "the host name of its reservation")
                let behind = try await node.rig.addressesBehind("\(specification.networkPort.tap)")
                XCTAssertEqual(behind, [reservation.mac])
            }
            // A reservation is taken away: the other guest goes on, and nothing was restarted.
            try await node.addresses.publish(Array(all.prefix(1)))
            let page = try await page(of: all[0])
            XCTAssertEqual(page, all[0].hostName + "\n")
        }
    }

    func testAGuestWithoutAReservationGetsNoAddress() async throws {
        try await withNode { node in
            let stranger = reservation(11, node.rig)
            try await node.addresses.publish([reservation(7, node.rig)])
            _ = try await start(stranger, node)
            try await waitFor("the guest to run", upTo: .seconds(90)) {
                node.fixture.consoleText(stranger.vm).contains(BusyboxGuest.readyText)
            }
            // It asks once a second; as soon as it is known it is served.
            let hasAddress = node.fixture.consoleText(stranger.vm).contains("MARK address")
            XCTAssertFalse(hasAddress)
            try await node.addresses.publish([reservation(7, node.rig), stranger])
            try await waitFor("the guest to obtain its address", upTo: .seconds(60)) {
                node.fixture.consoleText(stranger.vm).contains("MARK address \(stranger.address)")
            }
        }
    }
}
