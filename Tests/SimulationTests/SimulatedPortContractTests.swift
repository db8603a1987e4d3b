import FarmModel
import FarmPorts
import PortContracts
import SimulatedPorts
import Simulator
import XCTest

/// The simulated ports keep the promises that the real ones keep, by the same suites.
final class SimulatedPortContractTests: XCTestCase {
    func testTheHypervisorKeepsItsContract() {
        let run = SimulatedRun()
        run.run { try await runContract(HypervisorContract(HypervisorHands(host: run.host, ports: run.ports)).checks) }
    }

    func testThePasswordHasherKeepsItsContract() {
        let run = SimulatedRun()
        run.run {
            try await PasswordHasherContract.check(run.ports.hasher)
            let hash = try await run.ports.hasher.hash("secret")
            // A call that comes twice is answered all the same.
            for mode in FailureMode.modes(of: .hasher) where mode != .twice {
                let fault = Fault(at: 0, .failing(.hasher, mode, perMille: 1000))
                run.simulation.withFaults { $0.begin(fault, index: 0) }
                try await PasswordHasherContract.checkThatItSaysSo(run.ports.hasher, hash: hash)
                run.simulation.withFaults { $0.endAll() }
            }
        }
    }

    func testTheNetworkKeepsItsContract() {
        let run = SimulatedRun()
        run.run {
            try await runContract(NodeNetworkContract(NetworkHands(host: run.host, port: run.ports.network)).checks)
        }
    }

    func testTheFilterKeepsItsContract() {
        let run = SimulatedRun()
        run.run { try await runContract(TapFilterContract(FilterHands(host: run.host, port: run.ports.filter)).checks) }
    }

    func testTheAddressServiceKeepsItsContract() {
        let run = SimulatedRun()
        run.run {
            try await runContract(AddressServiceContract(AddressHands(host: run.host, ports: run.ports)).checks)
        }
    }

    func testTheDiskStorageKeepsItsContract() {
        let run = SimulatedRun(images: ["one.qcow2", "two.qcow2", "three.qcow2", "broken.qcow2"])
        run.host.change {
            $0.disks.images["three.qcow2"]?.bringsKernel = true
            $0.disks.images["broken.qcow2"]?.isCorrupt = true
        }
        run.run {
            let hands = DiskHands(host: run.host, port: run.ports.disks, id: .standard)
            try await runContract(DiskStorageContract(hands).checks)
        }
    }

    func testAFurtherStorageKeepsTheContractAndTouchesNoOther() throws {
        let run = SimulatedRun()
        let fast = try XCTUnwrap(StorageID("fast"))
        let storage = SimulatedStorage(id: fast, images: ["one.qcow2", "two.qcow2", "three.qcow2", "broken.qcow2"])
        storage.disks.images["three.qcow2"]?.bringsKernel = true
        storage.disks.images["broken.qcow2"]?.isCorrupt = true
        run.host.mount(storage)
        let port = try XCTUnwrap(PortSet(host: run.host, incarnation: run.life).moreDisks[fast])
        run.run {
            let image = OverlaySpecification(
                vm: VMID(4), image: ImageID(10), imageFile: "desktop.qcow2", keepsExisting: true)
            let overlay = try await run.ports.disks.prepareOverlay(image)
            let user = try await run.ports.disks.ensureUserDisk(of: VMID(4), size: Mebibytes(8))
            let before = run.host.state.disks
            try await runContract(DiskStorageContract(DiskHands(host: run.host, port: port, id: fast)).checks)
            let after = run.host.state.disks
            XCTAssertEqual(after.overlays, before.overlays)
            XCTAssertEqual(after.userDisks, before.userDisks)
            XCTAssertEqual(after.freeBytes, before.freeBytes)
            let other = try await port.ensureUserDisk(of: VMID(4), size: Mebibytes(8))
            XCTAssertNotEqual(other, user, "the same VM's disk on two storages is two disks")
            let seen = try await run.ports.disks.observe().map(\.path)
            XCTAssertEqual(seen, [overlay.path, user.path])
        }
    }

    func testHangingStorageKeepsItsContract() {
        let run = SimulatedRun()
        run.run { try await runContract(HangingStorageContract(HangingHands(run: run)).checks) }
    }

    func testTheSecretFilesKeepTheirContract() {
        let run = SimulatedRun()
        run.run {
            try await runContract(SecretFilesContract(SecretHands(host: run.host, port: run.ports.secrets)).checks)
        }
    }
}

struct HypervisorHands: HypervisorFixture {
    let host: SimulatedHost
    let ports: PortSet
    var port: SimulatedHypervisor { ports.hypervisor }
    var clock: any FarmClock { ports.clock }
    var patience: Duration { .seconds(300) }

    func specification(of vm: VMID, epoch: Epoch) async throws -> DomainSpecification {
        let owner = DomainOwner(farm: FarmID(bits: 0xc0de03), node: NodeID(1), vm: vm, epoch: epoch)
        let tap = TapName(owner)
        let address = IPv4Address(bits: 0x0a03_0200 | UInt32(vm.rawValue))
        let mac = MACAddress(forVirtualMachineAt: address)
        // Called again for a VM that runs, it must not touch the disk that is in use.
        if host.read({ $0.disks.overlays[vm]?[ImageID(1)] }) == nil {
            _ = try await ports.disks.prepareOverlay(
                OverlaySpecification(vm: vm, image: ImageID(1), imageFile: "desktop.qcow2", keepsExisting: true))
        }
        let overlay = DiskAttachment.file(
            path: HostDisks.overlayPath(vm, ImageID(1)), format: .qcow2,
            base: DiskFile(path: HostDisks.imagePath("desktop.qcow2"), format: .qcow2))
        try await ports.network.ensureTap(tap, mac: mac)
        try await ports.addresses.publish([Reservation(vm: vm, mac: mac, address: address, hostName: "vm\(vm)")])
        let secret = try await ports.secrets.hand(AgentSecret("s"), to: vm)
        return DomainSpecification(
            owner: owner, title: "VM \(vm)", memory: Mebibytes(64), virtualCPUs: 1,
            disks: DomainDisks(system: overlay, user: nil),
            networkPort: NetworkPort(tap: tap, mac: mac), secretPath: secret, consolePath: "/console/\(vm)",
            kind: .machine(MachineParts(acceleration: .tcg)))
    }

    func guestIsReady(_ domain: DomainName) async throws {
        let deadline = clock.now.advanced(by: patience)
        while host.state.domains[domain]?.guest.phase != .up {
            guard clock.now < deadline else { throw ContractViolation("the guest of \(domain) does not come up") }
            try await clock.sleep(for: .seconds(1))
        }
    }

    func killEmulator(_ domain: DomainName) async throws {
        guard let vm = host.state.domains[domain]?.specification.owner.vm else { return }
        host.inject(.ofVM(.domainDies, vm))
    }

    func freezeEmulator(_ domain: DomainName) async throws { host.setFrozen(domain, true) }
    func thawEmulator(_ domain: DomainName) async throws { host.setFrozen(domain, false) }
    func pause(_ domain: DomainName) async throws { host.setPaused(domain, true) }
    func resume(_ domain: DomainName) async throws { host.setPaused(domain, false) }

    func endDaemon() async throws {
        host.simulation.withFaults { $0.begin(Fault(at: 0, .ofNode(.hypervisorRestarts)), index: 0) }
        host.inject(.ofNode(.hypervisorRestarts))
    }

    func startDaemon() async throws {
        host.simulation.withFaults { $0.endAll() }
        host.tellConnection(isLost: false)
    }

    func losePower() async throws {
        host.inject(.ofNode(.powerLoss))
        host.powerReturns()
    }
}

private struct NetworkHands: NodeNetworkFixture {
    let host: SimulatedHost
    let port: SimulatedNetwork
    var bridge: ObservedBridge { ObservedBridge(name: "qvdnet0", isUp: true, addresses: [host.address]) }

    func removeBridge() async throws { host.change { $0.network.bridge = nil } }
    func restoreBridge() async throws { host.change { $0.network.bridge = bridge } }
    func setBridge(isUp: Bool) async throws {
        if isUp { host.bridgeComesUp() } else { host.inject(.ofNode(.bridgeDown)) }
    }
    func makeForeignInterface(named name: String) async throws {
        host.change { _ = $0.network.foreignInterfaces.insert(name) }
    }
    func foreignInterfaceExists(named name: String) async throws -> Bool {
        host.state.network.foreignInterfaces.contains(name)
    }
    func removeForeignInterface(named name: String) async throws {
        host.change { _ = $0.network.foreignInterfaces.remove(name) }
    }
    func takeOffBridge(_ tap: TapName) async throws { host.change { $0.network.taps[tap]?.isOnBridge = false } }
    func setDown(_ tap: TapName) async throws { host.change { $0.network.taps[tap]?.isUp = false } }
}

private struct FilterHands: TapFilterFixture {
    let host: SimulatedHost
    let port: SimulatedTapFilter

    func restartedPort() async throws -> SimulatedTapFilter {
        PortSet(host: host, incarnation: host.simulation.begin(.houseKeeper, on: host.node)).filter
    }
    func flushEverything() async throws {
        host.change {
            $0.network.filters = [:]
            $0.network.foreignRules = 0
        }
    }
    func breakRules(of tap: TapName) async throws { host.change { $0.network.filters[tap]?.isComplete = false } }
    func addForeignRule() async throws { host.change { $0.network.foreignRules += 1 } }
    func foreignRuleExists() async throws -> Bool { host.state.network.foreignRules > 0 }
    func portThatBreaksOff() async throws -> SimulatedTapFilter {
        var broken = port
        broken.breaksOff = true
        return broken
    }
}

private struct AddressHands: AddressServiceFixture {
    let host: SimulatedHost
    let ports: PortSet
    var port: SimulatedAddressService { ports.addresses }
    var clock: any FarmClock { ports.clock }
    var patience: Duration { .seconds(30) }
    var addresses: [IPv4Address] { (0..<32).map { IPv4Address(bits: 0x0a03_0400 + $0) } }

    func offer(to mac: MACAddress, within limit: Duration) async throws -> IPv4Address? {
        host.read { truth in
            truth.isAddressServiceUp ? truth.reservations.first { $0.mac == mac }?.address : nil
        }
    }

    func hinder(_ vm: VMID) async throws { host.change { _ = $0.hinderedReservations.insert(vm) } }
    func allow(_ vm: VMID) async throws { host.change { _ = $0.hinderedReservations.remove(vm) } }

    func tear(_ vm: VMID) async throws { host.change { $0.reservations.removeAll { $0.vm == vm } } }

    func makeStale(_ vm: VMID) async throws -> MACAddress {
        host.inject(.ofVM(.dhcpStale, vm))
        guard let stale = host.state.reservations.first(where: { $0.vm == vm }) else {
            throw ContractViolation("VM \(vm) has no reservation")
        }
        return stale.mac
    }

    /// Its supervisor starts it again a second later.
    func killServer() async throws {
        host.change { $0.isAddressServiceUp = false }
        let simulation = host.simulation
        simulation.executor.schedule(at: simulation.now + 1_000_000_000) { [host] in
            host.change { $0.isAddressServiceUp = true }
        }
    }
}

private struct DiskHands: DiskStorageFixture {
    let host: SimulatedHost
    let port: SimulatedDiskStorage
    let id: StorageID
    var goodImages: [String] { ["one.qcow2", "two.qcow2"] }
    var directBootImage: String { "three.qcow2" }
    var missingImage: String { "none.qcow2" }
    var corruptImages: [String] { ["broken.qcow2"] }

    func write(_ mark: String, to disk: DiskAttachment) async throws {
        let path = disk.path
        host.change { truth in
            for (vm, overlays) in truth[id].overlays {
                for image in overlays.keys where HostDisks.overlayPath(vm, image, on: id) == path {
                    truth[id].overlays[vm]?[image]?.marks.insert(mark)
                }
            }
            for vm in truth[id].userDisks.keys where HostDisks.userDiskPath(vm, on: id) == path {
                truth[id].userDisks[vm]?.marks.insert(mark)
            }
        }
    }

    func holds(_ mark: String, _ disk: DiskAttachment) async throws -> Bool {
        marks(disk.path)?.contains(mark) ?? false
    }
    func exists(_ path: String) async throws -> Bool {
        let images = host.state[id].images
        let files = images.keys.map { HostDisks.imagePath($0, on: id) }
        let boots = images.filter(\.value.bringsKernel).keys.flatMap {
            [HostDisks.imagePath($0, on: id) + ".kernel", HostDisks.imagePath($0, on: id) + ".initrd"]
        }
        return marks(path) != nil || files.contains(path) || boots.contains(path)
    }
    func fingerprint(_ imageFile: String) async throws -> String {
        "\(host.state[id].images[imageFile]?.writes ?? -1) writes"
    }
    func fillUp() async throws { host.change { $0[id].freeBytes = 0 } }
    func makeRoom() async throws { host.change { $0[id].freeBytes = $0[id].totalBytes / 2 } }

    /// Nil when there is no such disk.
    private func marks(_ path: String) -> Set<String>? {
        let disks = host.state[id]
        for (vm, overlays) in disks.overlays {
            for (image, overlay) in overlays where HostDisks.overlayPath(vm, image, on: id) == path {
                return overlay.marks
            }
        }
        for (vm, disk) in disks.userDisks where HostDisks.userDiskPath(vm, on: id) == path { return disk.marks }
        return nil
    }
}

private struct HangingHands: HangingStorageFixture {
    /// In nanoseconds.
    private static let longest: Int64 = 3600 * 1_000_000_000

    let run: SimulatedRun
    private let end = Confined<Int64>(0)
    var port: SimulatedDiskStorage { run.ports.disks }
    var clock: any FarmClock { run.ports.clock }
    var patience: Duration { .seconds(120) }

    init(run: SimulatedRun) { self.run = run }

    func hang() async throws {
        end.value = run.simulation.now + Self.longest
        let fault = Fault(at: run.simulation.now, lasts: Self.longest, .hanging(.disks, vm: nil))
        run.simulation.withFaults { $0.begin(fault, index: 0) }
    }

    /// When the fault's time is over.
    func comeLoose() async throws {
        try await clock.sleep(until: Instant(nanoseconds: end.value))
        run.simulation.withFaults { $0.endAll() }
    }
}

private struct SecretHands: SecretFilesFixture {
    let host: SimulatedHost
    let port: SimulatedSecretFiles

    func text(at path: String) async throws -> String? {
        host.state.secrets.first { "/secrets/\($0.key)" == path }?.value.text
    }
    /// There is nobody else in memory.
    func isPrivate(_ path: String) async throws -> Bool { true }
}
