import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import FarmStore
import Foundation
import NIOTransport
import SimulatedPorts
import XCTest

/// From the request to the desktop, and the bytes in between.
final class SessionTests: XCTestCase {
    private var fixture: RouterFixture!

    override func setUpWithError() throws { fixture = try RouterFixture() }

    override func tearDownWithError() throws {
        // Nil when the set-up failed.
        try fixture?.stop()
        fixture = nil
    }

    func testAFirstConnectStartsTheVMAndTellsEachStep() throws {
        let client = try fixture.connect()
        try client.requestSession("&qvd.client.link=adsl&custom.note=a%20b")
        let heads = try client.receiveHeads()
        XCTAssertEqual(
            Array(heads.dropLast()),
            [
                "Checking that no other client is connected", "Starting the virtual machine",
                "Starting the graphical session", "Connecting to the session",
            ].map { "HTTP/1.1 102 Processing\r\nX-QVD-VM-Info: \($0)\r\n\r\n" })
        let last = try XCTUnwrap(heads.last).split(separator: "\r\n").map(String.init)
        XCTAssertEqual(
            Array(last.dropLast(2)),
            ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: QVD/1.0"])
        XCTAssert(last[3].hasPrefix("X-QVD-Slave-Key: "), last[3])
        XCTAssertEqual(last[3].count, 17 + 64)
        XCTAssertEqual(last[4], "X-QVD-Session: \(fixture.router.incarnation)/1")
        let session = try XCTUnwrap(try fixture.snapshot().sessions.first)
        XCTAssertEqual(session.state, .connected)
        XCTAssertEqual(session.peer, "127.0.0.1")
        let parameters = try XCTUnwrap(fixture.agent.starts.first)
        XCTAssertEqual(parameters["qvd.client.link"], "adsl")
        XCTAssertEqual(parameters["custom.note"], "a b")
        XCTAssertEqual(parameters["qvd.vm.user.name"], "alice")
        XCTAssertEqual(parameters["qvd.router.address"], "127.0.0.1")
        XCTAssertEqual(parameters["qvd.slave.key"], String(last[3].dropFirst(17)))
        XCTAssertEqual(fixture.agent.secrets, [RouterFixture.secret])
    }

    func testBytesFlowBothWaysAndTheSessionEndsWithItsClient() throws {
        let (client, guest) = try fixture.session()
        try client.send("NXPROXY-3.5.0-3.5.99 ")
        XCTAssertEqual(try guest.receive(exactly: 21), Array("NXPROXY-3.5.0-3.5.99 ".utf8))
        let all = (0...255).map { UInt8($0) }
        try guest.send(all)
        XCTAssertEqual(try client.receive(exactly: 256), all)
        client.close()
        XCTAssertEqual(try guest.receiveAll(), [])
        guest.close()
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
    }

    func testWhatAClientSendsBeforeTheAnswerIsNotLost() throws {
        let client = try fixture.connect()
        try client.requestSession("", then: "NXPROXY early ")
        XCTAssert(try XCTUnwrap(try client.receiveHeads().last).hasPrefix("HTTP/1.1 101 "))
        XCTAssertEqual(try fixture.guest.accept().receive(exactly: 14), Array("NXPROXY early ".utf8))
    }

    func testListAndConnectMayShareAConnection() throws {
        let client = try fixture.connect()
        try client.send("GET /qvd/list_of_vm HTTP/1.1\r\n\(RouterFixture.alice)\r\n\r\n")
        let head = try client.receiveHead()
        let length = try XCTUnwrap(
            head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length") }?.split(separator: " ").last
        )
        _ = try client.receive(exactly: try XCTUnwrap(Int(length)))
        try client.requestSession("")
        XCTAssert(try XCTUnwrap(try client.receiveHeads().last).hasPrefix("HTTP/1.1 101 "))
    }

    func testMuchDataArrivesWhole() throws {
        let (client, guest) = try fixture.session()
        let block = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let rounds = 256
        let sender = Thread {
            for _ in 0..<rounds { guard (try? guest.send(block)) != nil else { return } }
        }
        sender.start()
        for round in 0..<rounds {
            guard try client.receive(exactly: block.count) == block else {
                return XCTFail("round \(round) differs")
            }
        }
    }

    func testASlowReaderStopsTheGuestInsteadOfFillingMemory() throws {
        let client = try RawSocket.connect(port: fixture.port, receiveBuffer: 8192)
        try client.requestSession("")
        _ = try client.receiveHeads()
        let guest = try fixture.guest.accept()
        let block = [UInt8](repeating: 7, count: 65_536)
        let before = try residentBytes()
        var sent = 0
        var refusals = 0
        // The kernel's buffers on the guest's side take some MiB; then nothing more may be taken.
        while refusals < 50, sent < 256 << 20 {
            let count = guest.sendWhatFits(block)
            if count > 0 {
                sent += count
                refusals = 0
            } else {
                refusals += 1
                usleep(10_000)
            }
        }
        XCTAssertLessThan(sent, 64 << 20, "the guest could send without anybody reading")
        XCTAssertLessThan(try residentBytes() - before, 16 << 20)
        XCTAssertEqual(try client.receive(exactly: sent).count, sent, "nothing of it was lost")
    }

    func testAHalfClosedSessionStillCarriesTheOtherDirection() throws {
        let (client, guest) = try fixture.session()
        try client.send("last words")
        client.endOutput()
        XCTAssertEqual(try guest.receiveAll(), Array("last words".utf8))
        let answer = [UInt8](repeating: 3, count: 1 << 20)
        guest.sendAndCloseBeside(answer)
        XCTAssertEqual(try client.receiveAll().count, answer.count)
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
    }

    func testTheGuestsEndReachesTheClient() throws {
        let (client, guest) = try fixture.session()
        try guest.send("bye")
        guest.close()
        XCTAssertEqual(try client.receiveAll(), Array("bye".utf8))
        client.close()
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
    }

    func testAResetOnEitherSideEndsBoth() throws {
        let (client, guest) = try fixture.session()
        client.reset()
        XCTAssertEqual(try guest.receiveAll(), [])
        guest.close()
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
        let (next, nextGuest) = try fixture.session()
        nextGuest.reset()
        XCTAssertEqual(try next.receiveAll(), [])
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
    }

    func testAnAgentThatIsBusyIsAskedAgain() throws {
        let busy = PortError(.rejected, .busy, attempt: "x_start", detail: "retry later")
        fixture.agent.change { $0.startFailures = Array(repeating: busy, count: 3) }
        _ = try fixture.session()
        XCTAssertEqual(fixture.agent.starts.count, 4)
    }

    func testAnAgentThatNeverAgreesIsAClearError() throws {
        let broken = PortError(.rejected, .unavailable, attempt: "x_start", detail: "no space in /tmp")
        fixture.agent.change { $0.startFailures = Array(repeating: broken, count: 100) }
        let client = try fixture.connect()
        try client.requestSession("")
        let heads = try client.receiveHeads()
        XCTAssert(try XCTUnwrap(heads.last).hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        XCTAssertEqual(
            String(decoding: try client.receiveAll(), as: UTF8.self),
            "The requested virtual machine is not available: x_start: no space in /tmp, retry later.")
        XCTAssertEqual(fixture.agent.starts.count, 21)
        try eventually("no session left") { try fixture.snapshot().sessions.isEmpty }
    }

    func testAClientThatLeavesStopsTheProcedure() throws {
        fixture.agent.change { $0.startLeadsTo = .provisioning }
        let client = try fixture.connect()
        try client.requestSession("")
        try eventually("session claimed") { try !fixture.snapshot().sessions.isEmpty }
        client.close()
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
        let router = fixture.router
        try eventually("nothing left") { try blocking { await router.machines.isEmpty } }
    }

    func testASessionThatIsNotNoticedToSuspendIsTold() throws {
        let (client, guest) = try fixture.session()
        fixture.agent.change { $0.state = .connected }
        client.close()
        XCTAssertEqual(try guest.receiveAll(), [], "the client's end comes first")
        guest.close()
        try eventually("told to suspend") { fixture.agent.suspends == 1 }
    }

    func testASessionThatLostItsPlaceDoesNotSuspendItsSuccessor() throws {
        let (client, guest) = try fixture.session()
        let (store, old) = (fixture.store, try XCTUnwrap(try fixture.snapshot().sessions.first))
        let successor = Session(
            vm: RouterFixture.vm, token: SessionToken(router: "elsewhere", number: 1), place: .standAlone("far"),
            state: .connected, peer: "10.9.9.9", since: WallTime(seconds: 1))
        try blocking {
            try await store.end(old.token, vm: RouterFixture.vm)
            guard case .claimed = try await store.claim(successor) else { throw CancellationError() }
        }
        fixture.agent.change { $0.state = .connected }
        client.close()
        XCTAssertEqual(try guest.receiveAll(), [])
        guest.close()
        let router = fixture.router
        try eventually("nothing left") { try blocking { await router.machines.isEmpty } }
        XCTAssertEqual(fixture.agent.suspends, 0)
        XCTAssertEqual(try fixture.snapshot().sessions, [successor])
    }

    func testStoppingTheServerEndsItsSessions() throws {
        let (client, guest) = try fixture.session()
        try fixture.stop()
        XCTAssertEqual(try client.receiveAll(), [])
        XCTAssertEqual(try guest.receiveAll(), [])
    }
}

extension RawSocket {
    /// Asks for VM 1 as `alice`.
    func requestSession(_ parameters: String, login: String = RouterFixture.alice, then more: String = "")
        throws
    {
        try send(
            "GET /qvd/connect_to_vm?id=1\(parameters) HTTP/1.1\r\nHost: localhost\r\n\(login)\r\n"
                + "Connection: Upgrade\r\nUpgrade: QVD/1.0\r\n\r\n\(more)")
    }

    /// Every interim head and the final one.
    func receiveHeads() throws -> [String] {
        var heads: [String] = []
        repeat { heads.append(try receiveHead()) } while heads.last?.hasPrefix("HTTP/1.1 102 ") ?? false
        return heads
    }
}

extension RouterFixture {
    /// A connected session of VM 1: the client's end and the guest's.
    func session() throws -> (client: RawSocket, guest: RawSocket) {
        let client = try connect()
        try client.requestSession("")
        let last = try XCTUnwrap(try client.receiveHeads().last)
        guard last.hasPrefix("HTTP/1.1 101 ") else {
            throw RawSocket.Failure("\(last) \(String(decoding: try client.receive(), as: UTF8.self))")
        }
        return (client, try guest.accept())
    }
}

/// What this process holds of physical memory.
func residentBytes() throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
    return try XCTUnwrap(Int(text.split(separator: " ")[1])) * 4096
}
