import FarmModel
import FarmPorts
import Foundation
import LibvirtHypervisor
import NodeRig
import PortContracts

/// A real hypervisor: QEMU (TCG) under a libvirtd of its own, with tiny guests on overlays and taps without
/// bridge.
struct LibvirtFixture: HypervisorFixture {
    let port: LibvirtHypervisor
    let clock: any FarmClock = RealTime()
    let patience: Duration = .seconds(60)
    let rig: LibvirtRig
    let scratch: ScratchFolder
    let farm: FarmID
    static let node = NodeID(1)

    /// - Parameter shortCalls: how long a call may take that only asks.
    init(
        farm: String = "0a0b0c", shortCalls: Duration = .seconds(3),
        adjust: (inout LibvirtLimits) -> Void = { _ in }
    )
        async throws
    {
        rig = try await LibvirtRig.start()
        scratch = try ScratchFolder("libvirt")
        self.farm = FarmID(farm)!
        var limits = LibvirtLimits()
        limits.call = shortCalls
        adjust(&limits)
        port = LibvirtHypervisor(uri: LibvirtRig.uri, limits: limits)
        try await TinyGuest.writeImage(to: "\(scratch.path)/base.qcow2")
        for await event in port.events() {  // they begin with the state of the connection
            if event == .connectionRestored { break }
            if event != .connectionLost { throw RigFailure("unexpected \(event)") }
        }
    }

    /// Runs the body and then ends every domain of this fixture, whatever happened.
    static func run(
        shortCalls: Duration = .seconds(3), adjust: (inout LibvirtLimits) -> Void = { _ in },
        _ body: (LibvirtFixture) async throws -> Void
    ) async throws {
        let fixture = try await LibvirtFixture(shortCalls: shortCalls, adjust: adjust)
        do {
            try await body(fixture)
        } catch {
            // It may have been away when the body failed.
            try await fixture.startDaemon()
            try await fixture.end()
            throw error
        }
        try await fixture.end()
    }

    func end() async throws {
        for domain in try await port.observe() {
            if let process = rig.emulator(of: domain.name.text) { kill(process, SIGCONT) }
            try await port.destroy(domain.name)
            try await port.undefine(domain.name)
        }
        for tap in try FileManager.default.contentsOfDirectory(atPath: "/sys/class/net")
        where tap.hasPrefix("q\(farm)") { try await RigCommand.run("ip", "link", "del", tap) }
        try await scratch.remove()
    }

    // MARK: HypervisorFixture

    func specification(of vm: VMID, epoch: Epoch) async throws -> DomainSpecification {
        let owner = DomainOwner(farm: farm, node: Self.node, vm: vm, epoch: epoch)
        let overlay = "\(scratch.path)/\(vm).qcow2"
        let secret = "\(scratch.path)/\(vm).secret"
        if !FileManager.default.fileExists(atPath: overlay) {
            try await RigCommand.run(
                "qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "\(scratch.path)/base.qcow2",
                overlay)
            try "secret of \(vm)".write(toFile: secret, atomically: true, encoding: .utf8)
        }
        let tap = TapName(owner)
        if !FileManager.default.fileExists(atPath: "/sys/class/net/\(tap)") {
            try await RigCommand.run("ip", "tuntap", "add", "\(tap)", "mode", "tap")
            try await RigCommand.run("ip", "link", "set", "\(tap)", "up")
        }
        return DomainSpecification(
            owner: owner, title: "VM \(vm)", memory: Mebibytes(16), virtualCPUs: 1,
            disks: DomainDisks(
                system: .file(
                    path: overlay, format: .qcow2,
                    base: DiskFile(path: "\(scratch.path)/base.qcow2", format: .qcow2)), user: nil),
            networkPort: NetworkPort(tap: tap, mac: MACAddress(bits: 0x5452_0000_0000 | UInt64(vm.rawValue))),
            secretPath: secret, consolePath: console(vm), kind: .machine(MachineParts(acceleration: .tcg)))
    }

    func console(_ vm: VMID) -> String { "\(scratch.path)/\(vm).console" }

    /// What the VM's guest has written to its serial console.
    func consoleText(_ vm: VMID) -> String {
        FileManager.default.contents(atPath: console(vm)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    func guestIsReady(_ domain: DomainName) async throws {
        let vm = VMID(Int64(domain.text.split(separator: "-").last!)!)
        try await waitFor("guest of \(domain)") { consoleText(vm).contains(TinyGuest.readyText) }
    }

    func killEmulator(_ domain: DomainName) async throws {
        try await rig.signal(SIGKILL, emulatorOf: domain.text)
    }

    func freezeEmulator(_ domain: DomainName) async throws {
        try await rig.signal(SIGSTOP, emulatorOf: domain.text)
    }

    func thawEmulator(_ domain: DomainName) async throws {
        try await rig.signal(SIGCONT, emulatorOf: domain.text)
    }

    func pause(_ domain: DomainName) async throws {
        try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "suspend", domain.text)
    }

    func resume(_ domain: DomainName) async throws {
        try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "resume", domain.text)
    }

    func endDaemon() async throws { try await rig.kill() }
    func startDaemon() async throws { try await LibvirtRig.start() }

    /// Emulators, taps and all that lies in /run are gone; definitions are on a disk.
    func losePower() async throws {
        try await rig.kill()
        let folder = "/run/libvirt/qemu"
        for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.hasSuffix(".pid") {
            let domain = String(file.dropLast(4))
            if rig.emulator(of: domain) != nil { try await rig.signal(SIGKILL, emulatorOf: domain) }
        }
        try await RigCommand.run("find", "/run/libvirt", "-mindepth", "1", "-delete")
        for tap in try FileManager.default.contentsOfDirectory(atPath: "/sys/class/net")
        where tap.hasPrefix("q\(farm)") { try await RigCommand.run("ip", "link", "del", tap) }
        try await LibvirtRig.start()
    }
}

/// The machine's clock, for time limits of tests.
struct RealTime: FarmClock {
    var now: Instant { Instant(nanoseconds: Int64(nanoseconds(CLOCK_BOOTTIME))) }
    var wallTime: WallTime { WallTime(seconds: Int64(time(nil))) }
    func sleep(until moment: Instant) async throws { try await Task.sleep(for: now.duration(to: moment)) }
    func sleep(until moment: Instant, toPoll: PollSubject, every: Duration) async throws -> Instant {
        try await sleep(until: moment)
        return moment
    }

    private func nanoseconds(_ clock: clockid_t) -> Int {
        var time = timespec()
        clock_gettime(clock, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
