import FarmModel
import FarmPorts
import Glibc
import GuestProtocol
import HTTPGuestAgent
import NodeRig
import XCTest

/// The node's side of the agent's protocol (`HTTPGuestAgent`) with a real `qvd-vma` at the other end.
final class VMANodeCallTests: XCTestCase {
    private let node = HTTPGuestAgent()
    private let willing = HTTPGuestAgent(acceptsOriginal: true)

    private func withGuest(_ arguments: [String] = [], _ body: (GuestRig) async throws -> Void) async throws {
        let rig = try await GuestRig.make()
        do {
            try await rig.startAgent(arguments)
            try await body(rig)
        } catch {
            try await rig.remove()
            throw error
        }
        try await rig.remove()
    }

    private func endpoint(secret: String?, port: Int = Int(GuestRig.port)) -> AgentEndpoint {
        AgentEndpoint(
            address: IPv4Address(bits: 0x7f00_0001), port: port, secret: secret.map { AgentSecret($0) })
    }

    private func failure(of call: () async throws(PortError) -> Void) async -> PortError? {
        do throws(PortError) {
            try await call()
            return nil
        } catch {
            return error
        }
    }

    func testTheNodeLeadsASessionFromStartToEnd() async throws {
        try await withGuest { rig in
            let guest = endpoint(secret: rig.secret)
            try await node.ping(guest)
            let before = try await node.sessionState(guest)
            XCTAssertEqual(before, .stopped)
            try await rig.startDisplay()
            try await node.startSession(guest, parameters: GuestRig.parameters())
            try await waitFor("nxagent to listen") { try await self.node.sessionState(guest) == .listening }
            try rig.startClient(cookie: GuestRig.cookie)
            try await waitFor("the session") { try await self.node.sessionState(guest) == .connected }
            let busy = await failure { () async throws(PortError) in
                try await self.node.startSession(guest, parameters: GuestRig.parameters(cookie: GuestRig.otherCookie))
            }
            XCTAssertEqual(busy?.effect, .rejected)
            XCTAssertEqual(busy?.reason, .busy, "the router must see that it may retry")
            try await node.suspendSession(guest)
            try await waitFor("the suspension") { try await self.node.sessionState(guest) == .suspended }
            try await node.stopSession(guest)
            try await waitFor("the end") { try await self.node.sessionState(guest) == .stopped }
            let hostile = await failure { () async throws(PortError) in
                try await self.node.startSession(
                    guest, parameters: GuestRig.parameters(["qvd.client.link": "lan,accept=0.0.0.0"]))
            }
            XCTAssertEqual(hostile?.effect, .rejected)
            XCTAssert(hostile?.detail.contains("qvd.client.link") == true, "\(String(describing: hostile))")
            try await node.powerOff(guest)
            try await waitFor("power off") { FileManager.default.fileExists(atPath: "\(rig.folder)/off") }
        }
    }

    func testAWrongSecretIsDeniedAndIsNotInTheError() async throws {
        try await withGuest { rig in
            let wrong = String(repeating: "ab", count: 32)
            for agent in [node, willing] {
                let error = await failure { () async throws(PortError) in
                    try await agent.ping(self.endpoint(secret: wrong))
                }
                XCTAssertEqual(error?.effect, .rejected)
                XCTAssertEqual(error?.reason, .denied)
                XCTAssertFalse("\(String(describing: error))".contains(wrong))
            }
        }
    }

    func testAGuestOfTheOriginalIsAdmittedOnlyByTheSwitch() async throws {
        try await withGuest(["--secret-file", "/nowhere/secret", "--accept-original"]) { rig in
            let guest = endpoint(secret: rig.secret)
            let error = await failure { () async throws(PortError) in try await self.node.ping(guest) }
            XCTAssertEqual(error?.effect, .rejected)
            XCTAssertEqual(error?.reason, .denied)
            XCTAssert(error?.detail.contains("vma.accept_original") == true, "\(String(describing: error))")
            try await willing.ping(guest)
            let state = try await willing.sessionState(guest)
            XCTAssertEqual(state, .stopped)
        }
    }

    func testWhereNobodyListensTheCallWasNotSent() async throws {
        let error = await failure { () async throws(PortError) in
            try await self.node.ping(self.endpoint(secret: nil, port: 9))
        }
        XCTAssertEqual(error?.effect, .unreachable)
        XCTAssert(error?.attempt.contains("127.0.0.1:9") == true, "\(String(describing: error))")
    }

    func testAnAgentThatNeverAnswersIsGivenUpWithAnUnknownOutcome() async throws {
        // The kernel takes the connection; nobody reads from it.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 4) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        XCTAssert(bound)
        let guest = endpoint(secret: nil, port: Int(UInt16(bigEndian: address.sin_port)))
        let hasty = HTTPGuestAgent(callTime: .milliseconds(300))
        let began = ContinuousClock.now
        let error = await failure { () async throws(PortError) in try await hasty.powerOff(guest) }
        XCTAssertEqual(error?.effect, .outcomeUnknown)
        XCTAssertEqual(error?.reason, .timedOut)
        XCTAssertLessThan(ContinuousClock.now - began, .seconds(5))
    }
}
