import FarmControl
import FarmModel
import FarmPorts
import SimulatedPorts
import Simulator
import XCTest

/// The simulated node by itself, driven by a procedure as plain as a shell script.
final class SimulatedNodeTests: XCTestCase {
    private func storm(
        _ vms: Int64, seed: UInt64, detail: Trace.Detail = .digest
    ) throws -> (Simulation, SimulatedHost, Int) {
        let simulation = Simulation(seed: seed, detail: detail)
        let host = try PlainScript.host(simulation)
        let life = simulation.begin(.houseKeeper, on: NodeID(1))
        let ports = PortSet(host: host, incarnation: life)
        let up = Confined(0)
        let script = PlainScript()
        life.start {
            do {
                try await ports.addresses.publish((1...vms).map(script.reservation))
            } catch {
                XCTFail("\(error)")
            }
            await withTaskGroup(of: Void.self) { group in
                for vm in 1...vms {
                    group.addTask {
                        do {
                            try await script.start(vm, ports)
                            up.value += 1
                        } catch {
                            XCTFail("\(error)")
                        }
                    }
                }
            }
        }
        simulation.executor.run(until: 600_000_000_000)
        return (simulation, host, up.value)
    }

    func testAHundredDesktopsBootAndTheSameSeedGivesTheSameDigest() throws {
        let began = ContinuousClock.now
        let (first, host, up) = try storm(100, seed: 7)
        let took = ContinuousClock.now - began
        XCTAssertEqual(up, 100)
        XCTAssertEqual(host.state.domains.values.filter(\.isLive).count, 100)
        XCTAssertEqual(Set(host.state.domains.values.map(\.guest.address)).count, 100)
        XCTAssertEqual(try storm(100, seed: 7).0.trace.digest, first.trace.digest)
        XCTAssertNotEqual(try storm(100, seed: 8).0.trace.digest, first.trace.digest)
        print("100 desktops: \(took), \(first.portCalls) port calls")
    }

    func testADeadProcessChangesNothing() throws {
        let (simulation, host, _) = try storm(2, seed: 1)
        let life = simulation.begin(.houseKeeper, on: NodeID(1))
        let ports = PortSet(host: host, incarnation: life)
        let refused = Confined<[PortError]>([])
        life.start {
            do throws(PortError) {
                try await ports.hypervisor.destroy(DomainName(farm: FarmID(bits: 0xabc123), vm: VMID(1)))
            } catch {
                refused.value.append(error)
            }
            do throws(PortError) {
                try await ports.network.removeTap(TapName(farm: FarmID(bits: 0xabc123), node: NodeID(1), vm: VMID(1)))
            } catch {
                refused.value.append(error)
            }
        }
        simulation.kill(life)
        simulation.executor.run(until: simulation.now + 60_000_000_000)
        XCTAssertEqual(refused.value.map(\.reason), [.cancelled, .cancelled])
        XCTAssertEqual(host.state.network.taps.count, 2)
        XCTAssertEqual(host.state.domains.values.filter(\.isLive).count, 2)
    }

    func testALostAnswerIsAnEffectThatHappened() throws {
        let simulation = Simulation(seed: 1)
        let host = try PlainScript.host(simulation)
        simulation.withFaults { $0.begin(Fault(at: 0, .failing(.network, .lostAnswer, perMille: 1000)), index: 0) }
        let life = simulation.begin(.houseKeeper, on: NodeID(1))
        let ports = PortSet(host: host, incarnation: life)
        let told = Confined<PortError?>(nil)
        life.start {
            do throws(PortError) {
                try await ports.network.ensureTap(
                    TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID(1)), mac: MACAddress(bits: 1))
            } catch {
                told.value = error
            }
        }
        simulation.executor.run(until: 60_000_000_000)
        XCTAssertEqual(told.value?.effect, .outcomeUnknown)
        XCTAssertEqual(host.state.network.taps.count, 1)
    }
}

/// Starts VMs on simulated ports one step after the other.
private struct PlainScript: Sendable {
    let farm = FarmID(bits: 0xabc123)

    static func host(_ simulation: Simulation) throws -> SimulatedHost {
        SimulatedHost(
            simulation: simulation, node: NodeID(1), address: try XCTUnwrap(IPv4Address("10.3.0.1")),
            images: ["desktop.qcow2"])
    }

    func reservation(_ vm: Int64) -> Reservation {
        let address = IPv4Address(bits: 0x0a03_0a00 + UInt32(vm))
        return Reservation(
            vm: VMID(vm), mac: MACAddress(forVirtualMachineAt: address), address: address, hostName: "vm\(vm)")
    }

    /// Makes a VM run, as HKD would.
    func start(_ vm: Int64, _ ports: PortSet) async throws {
        let owner = DomainOwner(farm: farm, node: NodeID(1), vm: VMID(vm), epoch: Epoch(1))
        let tap = TapName(owner)
        let overlay = try await ports.disks.prepareOverlay(
            OverlaySpecification(vm: VMID(vm), image: ImageID(1), imageFile: "desktop.qcow2", keepsExisting: false))
        let secret = try await ports.secrets.hand(AgentSecret("s\(vm)"), to: VMID(vm))
        try await ports.network.ensureTap(tap, mac: reservation(vm).mac)
        try await ports.filter.apply(
            TapRules.rules(
                tap: tap, mac: reservation(vm).mac, address: reservation(vm).address,
                nodeAddress: IPv4Address(bits: 0x0a03_0001), ipv6: .denied))
        let domain = DomainSpecification(
            owner: owner, title: "VM \(vm)", memory: Mebibytes(512), virtualCPUs: 1,
            disks: DomainDisks(system: overlay, user: nil),
            networkPort: NetworkPort(tap: tap, mac: reservation(vm).mac), secretPath: secret,
            consolePath: "/console/\(vm)", kind: .machine(MachineParts(acceleration: .tcg)))
        try await ports.hypervisor.define(domain)
        try await ports.hypervisor.create(domain.name)
        let agent = AgentEndpoint(address: reservation(vm).address, secret: AgentSecret("s\(vm)"))
        while true {
            do throws(PortError) {
                try await ports.agent.ping(agent)
                return
            } catch {
                if error.reason == .cancelled { throw error }
                try await ports.clock.sleep(for: .seconds(1))
            }
        }
    }
}
