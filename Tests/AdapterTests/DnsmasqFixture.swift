import DnsmasqAddresses
import FarmControl
import FarmModel
import FarmPorts
import Foundation
import Logging
import NodeRig
import PortContracts
import Synchronization
import SystemClock

/// A real dnsmasq on a real bridge, and a client on a port of it that takes any MAC.
final class DnsmasqFixture: AddressServiceFixture {
    let rig: NetworkRig
    let folder: ScratchFolder
    let configuration: DnsmasqConfiguration
    let port: DnsmasqAddresses
    let client: DHCPClient
    let clock: any FarmClock = SystemClock()
    let patience = Duration.seconds(20)

    private init(rig: NetworkRig, folder: ScratchFolder, client: DHCPClient, gateway: Bool) throws {
        self.rig = rig
        self.folder = folder
        self.client = client
        let addressPlan = try AddressPlan(
            network: rig.addressPlan.network, prefixLength: rig.addressPlan.prefixLength,
            rangeStart: rig.addressPlan.rangeStart,
            gateway: gateway ? rig.addressPlan.gateway : nil)
        configuration = DnsmasqConfiguration(
            farm: FarmID(bits: 0xd1), addressPlan: addressPlan, bridge: rig.bridge, folder: folder.path + "/dhcp",
            restartPause: .milliseconds(200))
        port = DnsmasqAddresses(configuration, log: Logger(label: "dnsmasq"))
    }

    /// Runs the work with a service that runs, and takes everything away after it.
    static func with(gateway: Bool = true, _ work: (DnsmasqFixture) async throws -> Void) async throws {
        let rig = try await NetworkRig.make()
        let folder = try ScratchFolder("dnsmasq")
        let result: Result<Void, any Error>
        do {
            let fixture = try DnsmasqFixture(
                rig: rig, folder: folder, client: try await DHCPClient.make(on: rig), gateway: gateway)
            result = .success(try await fixture.running(work))
        } catch {
            result = .failure(error)
        }
        try await DHCPClient.remove(from: rig)
        try await folder.remove()
        try await rig.remove()
        try result.get()
    }

    /// Runs the work beside the service.
    func running(_ work: (DnsmasqFixture) async throws -> Void) async throws {
        let port = port
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await port.run() }
            let result: Result<Void, any Error>
            do {
                result = .success(try await work(self))
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            try await group.waitForAll()
            try result.get()
        }
    }

    var addresses: [IPv4Address] { (0..<32).map { IPv4Address(bits: rig.addressPlan.rangeStart.bits + 0x100 + $0) } }

    func offer(to mac: MACAddress, within limit: Duration) async throws -> IPv4Address? {
        try await client.discover(mac, within: limit)?.address
    }

    func killServer() async throws {
        let pid = try await processID()
        try await RigCommand.run("kill", "-9", pid)
        try await waitFor("dnsmasq \(pid) to die") {
            try await !RigCommand.succeeds("kill", "-0", pid)
        }
    }

    /// A folder where the file is to be written first.
    private func obstacle(_ vm: VMID) -> String { "\(configuration.folder)/partial/\(configuration.farm)-\(vm)" }

    func hinder(_ vm: VMID) async throws { try await RigCommand.run("mkdir", "-p", obstacle(vm)) }
    func allow(_ vm: VMID) async throws { try await RigCommand.run("rmdir", obstacle(vm)) }

    private func entry(_ vm: VMID) -> String { "\(configuration.folder)/hosts/\(configuration.farm)-\(vm)" }

    func tear(_ vm: VMID) async throws { try await RigCommand.run("truncate", "-s", "10", entry(vm)) }

    func makeStale(_ vm: VMID) async throws -> MACAddress {
        let path = entry(vm)
        let old = try String(contentsOfFile: path, encoding: .utf8)
        let stranger = MACAddress(bits: 0x5452_00ee_9999)
        let stale = "\(stranger)," + old.split(separator: ",").dropFirst().joined(separator: ",")
        try stale.write(toFile: path, atomically: false, encoding: .utf8)
        return stranger
    }

    func processID() async throws -> String {
        try await RigCommand.run("cat", configuration.folder + "/dnsmasq.pid").split(separator: "\n").joined()
    }

    func awaitServing() async throws {
        try await waitFor("dnsmasq to serve") { await port.status() == .serving }
    }
}

/// A DHCP client made of raw frames, on a port of the bridge without rules.
final class DHCPClient: Sendable {
    struct Answer: Equatable {
        var address: IPv4Address
        var server: IPv4Address?
        var router: IPv4Address?
        var hostName: String?
        /// 2 OFFER, 5 ACK, 6 NAK.
        var type: UInt8
    }

    private static let tap = "qvdclient0"
    private let port: TapPort
    private let transactions = Mutex<UInt32>(0x5156_0000)

    static func make(on rig: NetworkRig) async throws -> DHCPClient {
        try await RigCommand.run("ip", "tuntap", "add", tap, "mode", "tap", "vnet_hdr")
        try await RigCommand.run("ip", "link", "set", tap, "master", rig.bridge, "addrgenmode", "none", "up")
        let client = DHCPClient(port: try TapPort(tap))
        try await rig.waitUntilForwarding(tap)
        return client
    }

    static func remove(from rig: NetworkRig) async throws {
        if try await rig.exists(tap) { try await RigCommand.run("ip", "link", "del", tap) }
    }

    private init(port: TapPort) { self.port = port }

    /// The offer for this MAC, which is awaited: a busy machine takes its time. Nil when there is none.
    func discover(_ mac: MACAddress, within limit: Duration = .seconds(20)) async throws -> Answer? {
        try await ask(1, mac, limit: limit)
    }

    /// Whether there is no offer for this MAC, as far as a second tells.
    func isIgnored(_ mac: MACAddress) async throws -> Bool { try await discover(mac, within: .seconds(1)) == nil }

    /// The answer to a request for this address.
    func request(_ address: IPv4Address, _ mac: MACAddress, server: IPv4Address) async throws -> Answer? {
        try await ask(
            3, mac, options: [50, 4] + address.octets + [54, 4] + server.octets, limit: .seconds(20))
    }

    /// Says that the address is in use by another (which a client does not wait to be answered).
    func decline(
        _ address: IPv4Address, chaddr: MACAddress, from mac: MACAddress, server: IPv4Address
    ) throws {
        try port.send(
            frame(4, chaddr, from: mac, [50, 4] + address.octets + [54, 4] + server.octets, next()))
    }

    private func next() -> UInt32 {
        transactions.withLock { number in
            number += 1
            return number
        }
    }

    private func ask(
        _ type: UInt8, _ mac: MACAddress, options: [UInt8] = [], limit: Duration
    ) async throws -> Answer? {
        let transaction = next()
        let clock = ContinuousClock()
        let deadline = clock.now.advanced(by: limit)
        var resend = clock.now
        while clock.now < deadline {
            if clock.now >= resend {
                try port.send(frame(type, mac, from: mac, options, transaction))
                resend = clock.now.advanced(by: .milliseconds(200))
            }
            for frame in try port.received() {
                if let answer = Self.answer(in: frame, transaction: transaction) { return answer }
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        return nil
    }

    private func frame(
        _ type: UInt8, _ client: MACAddress, from mac: MACAddress, _ options: [UInt8], _ transaction: UInt32
    ) -> [UInt8] {
        let message = FrameBytes.dhcp(type: type, transaction: transaction, client: client, options: options)
        return FrameBytes.ethernet(
            from: mac, to: FrameBytes.broadcast, etherType: EthernetFrame.EtherType.ipv4,
            FrameBytes.ipv4(
                from: .unspecified, to: .limitedBroadcast, protocol: 17,
                FrameBytes.udp(from: 68, to: 67, message)))
    }

    private static func answer(in frame: [UInt8], transaction: UInt32) -> Answer? {
        guard let parsed = EthernetFrame(frame), parsed.udp?.sourcePort == 67,
            parsed.udp?.destinationPort == 68,
            frame.count > 42 + 240
        else { return nil }
        let message = Array(frame[42...])
        guard message[0] == 2, number(message[4..<8]) == transaction else { return nil }
        var answer = Answer(address: IPv4Address(bits: number(message[16..<20])), type: 0)
        var rest = message[240...]
        while let code = rest.popFirst(), code != 255 {
            if code == 0 { continue }
            guard let length = rest.popFirst(), rest.count >= Int(length) else { return nil }
            let value = rest.prefix(Int(length))
            switch code {
            case 3: answer.router = IPv4Address(bits: number(value))
            case 12: answer.hostName = String(decoding: value, as: UTF8.self)
            case 53: answer.type = value.first ?? 0
            case 54: answer.server = IPv4Address(bits: number(value))
            default: break
            }
            rest = rest.dropFirst(Int(length))
        }
        return answer
    }

    private static func number(_ octets: ArraySlice<UInt8>) -> UInt32 {
        octets.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
