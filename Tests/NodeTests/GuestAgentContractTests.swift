import FarmModel
import FarmPorts
import Glibc
import HTTPGuestAgent
import NodeRig
import PortContracts
import SystemClock
import XCTest

final class GuestAgentContractTests: XCTestCase {
    /// `HTTPGuestAgent` and a real `qvd-vma` keep what the simulated agent keeps.
    func testTheRealAgentKeepsTheContract() async throws {
        let rig = try await GuestRig.make()
        do {
            try await rig.startAgent()
            try await rig.startDisplay()
            let fixture = RealAgentFixture(rig: rig)
            try await fixture.makeEmptyNetwork()
            try await runContract(GuestAgentContract(fixture).checks)
            try await fixture.removeEmptyNetwork()
        } catch {
            try await rig.remove()
            throw RigFailure("\(error); the agent's log: \(rig.log("agent"))")
        }
        try await rig.remove()
    }
}

private struct RealAgentFixture: GuestAgentFixture {
    let rig: GuestRig
    let port = HTTPGuestAgent()
    let clock: any FarmClock = SystemClock()
    let patience: Duration = .seconds(30)
    var guest: AgentEndpoint {
        AgentEndpoint(
            address: IPv4Address(bits: 0x7f00_0001), port: Int(GuestRig.port), secret: AgentSecret(rig.secret))
    }

    // MARK: Sessions

    func parameters(ofClient number: Int) -> [String: String] {
        let cookie = number == 1 ? GuestRig.cookie : GuestRig.otherCookie
        return GuestRig.parameters(cookie: cookie, ["custom.client": "\(number)"])
    }

    func connectClient() async throws { try rig.startClient(cookie: GuestRig.cookie) }

    // MARK: Accidents

    func silenceAgent() async throws { try await rig.freeze("agent") }
    func letAgentSpeak() async throws { try await rig.resume("agent") }

    func endAgent() async throws {
        try await rig.signal("agent", "KILL")
        try await waitFor("the agent's end") { try !rig.isRunning("agent") }
    }

    func restart() async throws { try await rig.startAgent() }

    func hasPoweredOff() async throws -> Bool { FileManager.default.fileExists(atPath: "\(rig.folder)/off") }

    func whileAnswersAreCut(_ body: (AgentEndpoint) async throws -> Void) async throws {
        let peer = try CuttingPeer(#"HTTP/1.1 200 OK\#r\#nContent-Length: 20\#r\#n\#r\#n["list"#)
        var guest = guest
        guest.port = peer.port
        try await body(guest)
        peer.close()
        let headless = try CuttingPeer("HTTP/1.1 200 O")
        guest.port = headless.port
        try await body(guest)
        headless.close()
    }

    // MARK: A network without guests

    /// A bridge without ports.
    private static let interface = "qvdempty0"
    var emptyAddress: IPv4Address { IPv4Address(bits: 0xc633_6402) }

    /// The neighbour is known, as a guest is whose machine stands still: what is sent to it is not answered.
    func makeEmptyNetwork() async throws {
        let interface = Self.interface
        try await RigCommand.run("ip", "link", "add", interface, "type", "bridge")
        try await RigCommand.run("ip", "address", "add", "198.51.100.1/24", "dev", interface)
        try await RigCommand.run("ip", "link", "set", interface, "up")
        try await RigCommand.run(
            "ip", "neighbour", "add", emptyAddress.description, "lladdr", "02:51:56:00:00:99", "dev", interface)
    }

    func removeEmptyNetwork() async throws { try await RigCommand.run("ip", "link", "del", Self.interface) }
}

/// Takes each connection, reads a request, answers with this text and closes.
private final class CuttingPeer: Sendable {
    private let listener: Int32
    let port: Int

    init(_ answer: String) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard isBound else { throw RigFailure("a peer that cuts its answers: errno \(errno)") }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                var request = [UInt8](repeating: 0, count: 4096)
                _ = recv(connection, &request, request.count, 0)
                _ = answer.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                Glibc.close(connection)
            }
        }
    }

    func close() {
        shutdown(listener, Int32(SHUT_RDWR))
        Glibc.close(listener)
    }
}
