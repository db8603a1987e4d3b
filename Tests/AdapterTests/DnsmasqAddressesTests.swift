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
        try await DnsmasqWorld.with { try await runContract(AddressServiceContract($0).checks) }
    }

    func testAClientIsGivenItsAddressNameAndRouterForEver() async throws {
        try await DnsmasqWorld.with { world in
            try await world.awaitServing()
            let one = reservation(1, world)
            try await world.port.publish([one])
            let found = try await world.client.discover(one.mac)
            let offer = try XCTUnwrap(found)
            XCTAssertEqual(
                offer,
                .init(
                    address: one.address, server: world.rig.nodeAddress, router: world.rig.plan.gateway,
                    hostName: one.hostName, type: 2))
            let answered = try await world.client.request(one.address, one.mac, server: world.rig.nodeAddress)
            XCTAssertEqual(answered?.type, 5)
            XCTAssertEqual(answered?.address, one.address)
            let refused = try await world.client.request(
                world.addresses[9], one.mac, server: world.rig.nodeAddress)
            XCTAssertEqual(refused?.type, 6, "another address than its own is refused")
            // Deleted and made again, as the store gives the highest free address again: the same MAC.
            try await world.port.publish([])
            let gone = try await world.client.discover(one.mac)
            XCTAssertNil(gone)
            var heir = one
            heir.vm = VMID(77)
            heir.hostName = "heir"
            try await world.port.publish([heir])
            let inherited = try await world.client.discover(one.mac)
            XCTAssertEqual(inherited?.address, one.address)
            XCTAssertEqual(inherited?.hostName, "heir")
        }
    }

    func testWithoutAGatewayNoRouterIsGiven() async throws {
        try await DnsmasqWorld.with(gateway: false) { world in
            try await world.awaitServing()
            try await world.port.publish([reservation(1, world)])
            let offer = try await world.client.discover(reservation(1, world).mac)
            XCTAssertEqual(offer?.address, reservation(1, world).address)
            XCTAssertNil(offer?.router)
        }
    }

    func testAServerThatOutlivedItsDaemonIsAdopted() async throws {
        try await DnsmasqWorld.with { world in
            try await world.awaitServing()
            try await world.port.publish([reservation(1, world), reservation(2, world)])
            let pid = try await world.processID()
            // The next daemon: what the first one runs is not its child.
            let next = DnsmasqAddresses(world.configuration, log: Logger(label: "next"))
            let known = try await next.observe()
            XCTAssertEqual(known, [reservation(1, world), reservation(2, world)])
            // While nobody looks after the server, a reservation goes and one comes.
            try await next.publish([reservation(2, world), reservation(3, world)])
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await next.run() }
                try await waitFor("adoption") { await next.status() == .serving }
                let same = try await world.processID()
                XCTAssertEqual(same, pid, "the same process serves")
                for (vm, isServed) in [(1, false), (2, true), (3, true)] {
                    let offer = try await world.client.discover(reservation(vm, world).mac)
                    XCTAssertEqual(
                        offer?.address, isServed ? reservation(vm, world).address : nil, "VM \(vm)")
                }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    func testAServerOfAnotherConfigurationIsReplaced() async throws {
        try await DnsmasqWorld.with { world in
            try await world.awaitServing()
            let pid = try await world.processID()
            var other = world.configuration
            other.plan = try AddressPlan(
                network: other.plan.network, prefixLength: 16, rangeStart: other.plan.rangeStart, gateway: nil
            )
            let next = DnsmasqAddresses(other, log: Logger(label: "next"))
            try await next.publish([reservation(1, world)])
            // The first one would start its own again at once; it is not the test's subject.
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await next.run() }
                try await waitFor("the replacement") { await next.status() == .serving }
                let replaced = try await world.processID()
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
        try await DnsmasqWorld.with { world in
            try await world.awaitServing()
            let victim = reservation(1, world)
            let rogue = reservation(2, world)
            try await world.port.publish([victim, rogue])
            let first = try await world.client.discover(victim.mac)
            XCTAssertEqual(first?.address, victim.address)
            try world.client.decline(
                victim.address, chaddr: victim.mac, from: rogue.mac, server: world.rig.nodeAddress)
            // dnsmasq alone would keep it from its owner for ten minutes.
            try await waitFor("the address to be served again", upTo: .seconds(10)) {
                try await world.client.discover(victim.mac)?.address == victim.address
            }
        }
    }

    func testAServerThatCannotStartIsReportedWithItsReason() async throws {
        let folder = try ScratchFolder("dnsmasq-bad")
        let plan = try AddressPlan(
            network: IPv4Address(bits: 0x0a03_0000), prefixLength: 16,
            rangeStart: IPv4Address(bits: 0x0a03_0100),
            gateway: nil)
        for (command, words) in [("/nonexistent/dnsmasq", "nonexistent"), ("/bin/false", "exited(1)")] {
            let port = DnsmasqAddresses(
                DnsmasqConfiguration(
                    farm: FarmID(bits: 2), plan: plan, bridge: "none", folder: folder.path + "/dhcp",
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
        try await DnsmasqWorld.with { world in
            try await world.awaitServing()
            var all = (1...10_000).map { number in
                let address = IPv4Address(bits: world.rig.plan.rangeStart.bits + UInt32(number))
                return Reservation(
                    vm: VMID(Int64(number)), mac: MACAddress(forVirtualMachineAt: address), address: address,
                    hostName: "vm-\(number)")
            }
            let began = clinux_monotonic_nanoseconds()
            try await world.port.publish(all)
            let published = clinux_monotonic_nanoseconds()
            for index in [0, 4_999, 9_999] {
                let offer = try await world.client.discover(all[index].mac)
                XCTAssertEqual(offer?.address, all[index].address)
            }
            let removed = all.removeLast()
            let before = clinux_monotonic_nanoseconds()
            try await world.port.publish(all)
            let after = clinux_monotonic_nanoseconds()
            let gone = try await world.client.discover(removed.mac)
            XCTAssertNil(gone)
            let asked = clinux_monotonic_nanoseconds()
            let kept = try await world.client.discover(all[0].mac)
            let answered = clinux_monotonic_nanoseconds()
            XCTAssertEqual(kept?.address, all[0].address)
            let again = clinux_monotonic_nanoseconds()
            try await world.port.publish(all + [removed])
            print(
                "10,000 reservations: published in \((published - began) / 1_000_000) ms, one removed in",
                "\((after - before) / 1_000_000) ms, one added in",
                "\((clinux_monotonic_nanoseconds() - again) / 1_000_000) ms; an offer takes",
                "\((answered - asked) / 1_000) µs")
        }
    }

    private func reservation(_ number: Int, _ world: DnsmasqWorld) -> Reservation {
        let address = world.addresses[number]
        return Reservation(
            vm: VMID(Int64(number)), mac: MACAddress(forVirtualMachineAt: address), address: address,
            hostName: "desk-\(number)")
    }
}
