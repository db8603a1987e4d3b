import CLinux
import FarmControl
import FarmModel
import FarmPorts
import Foundation
import Logging
import NetlinkNetwork
import NodeRig
import PortContracts
import XCTest

@testable import DnsmasqAddresses

final class DnsmasqAddressesTests: XCTestCase {
    func testKeepsTheContractWithARealServer() async throws {
        try await DnsmasqFixture.with { try await runContract(AddressServiceContract($0).checks) }
    }

    func testAClientIsGivenItsAddressNameAndRouterForEver() async throws {
        try await DnsmasqFixture.with { fixture in
            try await fixture.awaitServing()
            let one = reservation(1, fixture)
            try await fixture.port.publish([one])
            let found = try await fixture.client.discover(one.mac)
            let offer = try XCTUnwrap(found)
            XCTAssertEqual(
                offer,
                .init(
                    address: one.address, server: fixture.rig.nodeAddress, router: fixture.rig.addressPlan.gateway,
                    hostName: one.hostName, type: 2))
            let answered = try await fixture.client.request(one.address, one.mac, server: fixture.rig.nodeAddress)
            XCTAssertEqual(answered?.type, 5)
            XCTAssertEqual(answered?.address, one.address)
            let refused = try await fixture.client.request(
                fixture.addresses[9], one.mac, server: fixture.rig.nodeAddress)
            XCTAssertEqual(refused?.type, 6, "another address than its own is refused")
            // Deleted and made again, as the store gives the highest free address again: the same MAC.
            try await fixture.port.publish([])
            let isGone = try await fixture.client.isIgnored(one.mac)
            XCTAssert(isGone)
            var heir = one
            heir.vm = VMID(77)
            heir.hostName = "heir"
            try await fixture.port.publish([heir])
            let inherited = try await fixture.client.discover(one.mac)
            XCTAssertEqual(inherited?.address, one.address)
            XCTAssertEqual(inherited?.hostName, "heir")
        }
    }

    func testWithoutAGatewayNoRouterIsGiven() async throws {
        try await DnsmasqFixture.with(gateway: false) { fixture in
            try await fixture.awaitServing()
            try await fixture.port.publish([reservation(1, fixture)])
            let offer = try await fixture.client.discover(reservation(1, fixture).mac)
            XCTAssertEqual(offer?.address, reservation(1, fixture).address)
            XCTAssertNil(offer?.router)
        }
    }

    func testAServerThatOutlivedItsDaemonIsAdopted() async throws {
        try await DnsmasqFixture.with { fixture in
            try await fixture.awaitServing()
            try await fixture.port.publish([reservation(1, fixture), reservation(2, fixture)])
            let pid = try await fixture.processID()
            // The next daemon: what the first one runs is not its child.
            let next = DnsmasqAddresses(fixture.configuration, log: Logger(label: "next"))
            let known = try await next.observe()
            XCTAssertEqual(known, [reservation(1, fixture), reservation(2, fixture)])
            // While nobody looks after the server, a reservation goes and one comes.
            try await next.publish([reservation(2, fixture), reservation(3, fixture)])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await next.run() }
                try await waitFor("adoption") { await next.status() == .serving }
                let same = try await fixture.processID()
                XCTAssertEqual(same, pid, "the same process serves")
                for (vm, isServed) in [(1, false), (2, true), (3, true)] {
                    let offer = try await fixture.client.discover(
                        reservation(vm, fixture).mac, within: isServed ? .seconds(20) : .seconds(1))
                    XCTAssertEqual(
                        offer?.address, isServed ? reservation(vm, fixture).address : nil, "VM \(vm)")
                }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    func testAServerOfAnotherConfigurationIsReplaced() async throws {
        try await DnsmasqFixture.with { fixture in
            try await fixture.awaitServing()
            let pid = try await fixture.processID()
            var other = fixture.configuration
            other.addressPlan = try AddressPlan(
                network: other.addressPlan.network, prefixLength: 16, rangeStart: other.addressPlan.rangeStart,
                gateway: nil
            )
            let next = DnsmasqAddresses(other, log: Logger(label: "next"))
            try await next.publish([reservation(1, fixture)])
            // The first one would start its own again at once; it is not the test's subject.
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await next.run() }
                try await waitFor("the replacement") { await next.status() == .serving }
                let replaced = try await fixture.processID()
                XCTAssertNotEqual(replaced, pid)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    func testAProcessThatOnlyHasTheNumberIsLeftAlone() async throws {
        let folder = try ScratchFolder("dnsmasq-pid")
        let file = folder.path + "/dnsmasq.pid"
        let bystander = try DaemonRig.start("/bin/sleep", ["1000"], log: folder.path + "/sleep.log")
        try "\(bystander.processID)\n".write(toFile: file, atomically: true, encoding: .utf8)
        XCTAssertNil(ServerProcess(processIDFile: file))
        XCTAssertNil(ServerProcess(processIDFile: folder.path + "/none"))
        XCTAssert(bystander.isRunning)
        try await bystander.stop()
        XCTAssertNil(ServerProcess(processIDFile: file))
        try await folder.remove()
    }

    func testAnAddressDeclinedInAnothersNameIsServedAgainAtOnce() async throws {
        try await DnsmasqFixture.with { fixture in
            try await fixture.awaitServing()
            let victim = reservation(1, fixture)
            let rogue = reservation(2, fixture)
            try await fixture.port.publish([victim, rogue])
            let first = try await fixture.client.discover(victim.mac)
            XCTAssertEqual(first?.address, victim.address)
            try fixture.client.decline(
                victim.address, chaddr: victim.mac, from: rogue.mac, server: fixture.rig.nodeAddress)
            // dnsmasq alone would keep it from its owner for ten minutes.
            try await waitFor("the address to be served again", upTo: .seconds(10)) {
                try await fixture.client.discover(victim.mac)?.address == victim.address
            }
        }
    }

    func testAServerThatCannotStartIsReportedWithItsReason() async throws {
        let folder = try ScratchFolder("dnsmasq-bad")
        let addressPlan = try AddressPlan(
            network: IPv4Address(bits: 0x0a03_0000), prefixLength: 16,
            rangeStart: IPv4Address(bits: 0x0a03_0100),
            gateway: nil)
        for (command, words) in [("/nonexistent/dnsmasq", "nonexistent"), ("/bin/false", "exited(1)")] {
            let port = DnsmasqAddresses(
                DnsmasqConfiguration(
                    farm: FarmID(bits: 2), addressPlan: addressPlan, bridge: "none", folder: folder.path + "/dhcp",
                    command: command, restartPause: .seconds(60)),
                log: Logger(label: "bad"))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await port.run() }
                try await waitFor("the reason") {
                    guard case .down(let reason) = await port.status() else { return false }
                    return reason.contains(words)
                }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        try await folder.remove()
    }

    func testTenThousandReservationsAreServed() async throws {
        try await DnsmasqFixture.with { fixture in
            try await fixture.awaitServing()
            var all = (1...10_000).map { number in
                let address = IPv4Address(bits: fixture.rig.addressPlan.rangeStart.bits + UInt32(number))
                return Reservation(
                    vm: VMID(Int64(number)), mac: MACAddress(forVirtualMachineAt: address), address: address,
                    hostName: "vm-\(number)")
            }
            let began = clinux_monotonic_nanoseconds()
            try await fixture.port.publish(all)
            let published = clinux_monotonic_nanoseconds()
            for index in [0, 4_999, 9_999] {
                let offer = try await fixture.client.discover(all[index].mac)
                XCTAssertEqual(offer?.address, all[index].address)
            }
            let removed = all.removeLast()
            let before = clinux_monotonic_nanoseconds()
            try await fixture.port.publish(all)
            let after = clinux_monotonic_nanoseconds()
            let isGone = try await fixture.client.isIgnored(removed.mac)
            XCTAssert(isGone)
            let asked = clinux_monotonic_nanoseconds()
            let kept = try await fixture.client.discover(all[0].mac)
            let answered = clinux_monotonic_nanoseconds()
            XCTAssertEqual(kept?.address, all[0].address)
            let again = clinux_monotonic_nanoseconds()
            try await fixture.port.publish(all + [removed])
            print(
                "10,000 reservations: published in \((published - began) / 1_000_000) ms, one removed in",
                "\((after - before) / 1_000_000) ms, one added in",
                "\((clinux_monotonic_nanoseconds() - again) / 1_000_000) ms; an offer takes",
                "\((answered - asked) / 1_000) µs")
        }
    }

    private func reservation(_ number: Int, _ fixture: DnsmasqFixture) -> Reservation {
        let address = fixture.addresses[number]
        return Reservation(
            vm: VMID(Int64(number)), mac: MACAddress(forVirtualMachineAt: address), address: address,
            hostName: "desk-\(number)")
    }
}
