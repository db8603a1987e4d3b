import FarmModel
import Foundation
import GuestProtocol
import NodeRig
import XCTest

/// Who is answered by the agent, and what garbage does: nothing.
final class VMACallTests: XCTestCase {
    private func withAgent(
        _ arguments: [String] = [], _ body: (GuestRig) async throws -> Void
    ) async throws {
        try await withGuest { rig in
            try await rig.startAgent(arguments)
            try await body(rig)
        }
    }

    private func withGuest(_ body: (GuestRig) async throws -> Void) async throws {
        let rig = try await GuestRig.make()
        do {
            try await body(rig)
        } catch {
            try await rig.remove()
            throw error
        }
        try await rig.remove()
    }

    func testOnlyRequestsWithTheSecretAreAnswered() async throws {
        try await withAgent { rig in
            let wrong: [[String]] = [
                [], [""], ["Bearer"], ["Bearer "], ["Bearer \(rig.secret.dropLast())"], ["Bearer \(rig.secret)0"],
                ["Bearer \(rig.secret.uppercased())X"], ["Basic \(rig.secret)"], [rig.secret],
                ["Bearer \(String(repeating: "0", count: 64))"],
                ["Bearer \(rig.secret)", "Bearer \(rig.secret)"], ["Bearer x", "Bearer \(rig.secret)"],
            ]
            for method in AgentMethod.allCases {
                for headers in wrong {
                    let reply = try await rig.request("/vma/\(method.rawValue)", authorization: headers)
                    XCTAssertEqual(reply.status, 401, "\(method) with \(headers.count) headers")
                    XCTAssertFalse(reply.body.contains(rig.secret))
                }
            }
            let unknown = try await rig.request("/vma/nothing", authorization: [])
            XCTAssertEqual(unknown.status, 401, "without the secret nobody learns what there is")
            XCTAssertFalse(FileManager.default.fileExists(atPath: "\(rig.folder)/off"), "it powered off")
            let ping = try await rig.call(.ping)
            XCTAssertEqual(ping, .alive)
            let state = try await rig.state()
            XCTAssertEqual(state, .stopped)
        }
    }

    func testWithoutASecretTheAgentEndsUnlessTheSwitchAdmitsTheOriginal() async throws {
        try await withGuest { rig in
            let refused = try await rig.runAgent(["--secret-file", "\(rig.folder)/none"])
            XCTAssert(refused.contains("\(rig.folder)/none") && refused.contains("--accept-original"), refused)
            try "not a secret".write(toFile: "\(rig.folder)/short", atomically: true, encoding: .utf8)
            let short = try await rig.runAgent(["--secret-file", "\(rig.folder)/short", "--accept-original"])
            XCTAssert(short.contains("holds no secret"), short)
            XCTAssertFalse(short.contains("not a secret"), "it prints what may be a secret")

            try await rig.startAgent(["--secret-file", "\(rig.folder)/none", "--accept-original"])
            let open = try await rig.request("/vma/ping", authorization: [])
            XCTAssertEqual(open.status, 200)
            XCTAssertEqual(open.body, "[1]")
        }

        // With a secret the switch opens nothing.
        try await withAgent(["--accept-original"]) { rig in
            let reply = try await rig.request("/vma/ping", authorization: [])
            XCTAssertEqual(reply.status, 401)
        }
    }

    func testWrongRequestsGetTheirStatus() async throws {
        try await withAgent { rig in
            let secret = "Authorization: Bearer \(rig.secret)\r\n"
            let table: [(String, Int)] = [
                ("GET /vma/ HTTP/1.1\r\n\(secret)\r\n", 400), ("GET / HTTP/1.1\r\n\(secret)\r\n", 400),
                ("GET /vma/PING HTTP/1.1\r\n\(secret)\r\n", 400), ("GET /vma/ping/ HTTP/1.1\r\n\(secret)\r\n", 400),
                ("GET /vma/ping?a=%zz HTTP/1.1\r\n\(secret)\r\n", 400),
                ("GET /vma/ping?a=%00 HTTP/1.1\r\n\(secret)\r\n", 400),
                ("POST /vma/ping HTTP/1.1\r\n\(secret)\r\n", 405), ("HEAD /vma/ping HTTP/1.1\r\n\(secret)\r\n", 405),
                ("GET /vma/ping HTTP/1.1\r\n\(secret)Content-Length: 3\r\n\r\nabc", 400),
                ("GET /vma/ping HTTP/1.1\r\n\(secret)Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 400),
                ("GET /vma/ping HTTP/9.9\r\n\(secret)\r\n", 400), ("hello\r\n\r\n", 400),
                ("GET /vma/ping HTTP/1.1\r\n\(secret)Broken\r\n\r\n", 400),
                ("GET /vma/ping?\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\n\(secret)\r\n", 400),
                ("GET /vma/ping?\(String(repeating: "a&", count: 300)) HTTP/1.1\r\n\(secret)\r\n", 400),
                ("GET /vma/ping HTTP/1.0\r\n\(secret)\r\n", 200), ("GET /vma/ping HTTP/1.1\r\n\(secret)\r\n", 200),
                ("GET /vma/ping HTTP/1.1\r\n\(secret)\r\nGET /vma/poweroff HTTP/1.1\r\n\(secret)\r\n", 200),
            ]
            for (text, status) in table {
                let reply = try await rig.send(Array(text.utf8))
                let begin = text.replacingOccurrences(of: rig.secret, with: "SECRET").prefix(120)
                XCTAssertEqual(reply.status, status, "\(begin)")
            }
            XCTAssertFalse(FileManager.default.fileExists(atPath: "\(rig.folder)/off"), "a second request counted")
        }
    }

    /// Every request is made from a seed: what fails here fails again.
    func testGarbageNeverEndsTheAgent() async throws {
        try await withAgent { rig in
            let before = try await rig.processID("agent")
            var generator = SplitMix(state: 7)
            let valid =
                "GET /vma/x_start?qvd.client.geometry=800x600,&custom.a=%41 HTTP/1.1\r\nHost: g\r\n"
                + "Authorization: Bearer \(rig.secret)\r\n\r\n"
            for round in 0..<400 {
                var bytes = round % 4 == 0 ? [] : Array(valid.utf8)
                for _ in 0..<Int.random(in: 1...20, using: &generator) {
                    let place = Int.random(in: 0...bytes.count, using: &generator)
                    let fresh = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                        UInt8.random(in: 0...255, using: &generator)
                    }
                    let end = min(bytes.count, place + Int.random(in: 0...8, using: &generator))
                    bytes.replaceSubrange(place..<end, with: fresh)
                }
                let socket = try GuestRig.open()
                _ = bytes.withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                close(socket)
            }
            let huge =
                "GET /vma/ping HTTP/1.1\r\n"
                + String(repeating: "X: \(String(repeating: "y", count: 900))\r\n", count: 400)
            let reply = try await rig.send(Array(huge.utf8))
            XCTAssert([0, 400, 431].contains(reply.status), "\(reply.status)")
            let ping = try await rig.call(.ping)
            XCTAssertEqual(ping, .alive)
            let after = try await rig.processID("agent")
            XCTAssertEqual(before, after)
            XCTAssert(try rig.isRunning("agent"))
            let state = try await rig.state()
            XCTAssertEqual(state, .stopped, "garbage started a session")
        }
    }

    func testSilentConnectionsAreClosedAndLeaveRoomForOthers() async throws {
        try await withAgent { rig in
            var sockets: [Int32] = []
            for _ in 0..<100 { sockets.append(try GuestRig.open()) }
            try await waitFor("the agent to answer beside silent connections", upTo: .seconds(25)) {
                await rig.status(of: "ping") == 200
            }
            for socket in sockets { close(socket) }
        }
    }

    func testTheSecretAndTheCookieAreInNoArgumentEnvironmentAndLog() async throws {
        try await withAgent { rig in
            try await rig.startDisplay()
            try await rig.connect()
            try await waitFor("the session program") { rig.text("/home/anna/hostname") != nil }
            let processes = try FileManager.default.contentsOfDirectory(atPath: rig.path("/proc"))
                .filter { Int($0) != nil }
            XCTAssertGreaterThan(processes.count, 4)
            for process in processes {
                for file in ["cmdline", "environ"] {
                    let text = rig.text("/proc/\(process)/\(file)") ?? ""
                    XCTAssertFalse(text.contains(rig.secret), "the secret is in \(file) of \(text.prefix(80))")
                    XCTAssertFalse(text.contains(GuestRig.cookie), "the cookie is in \(file) of \(text.prefix(80))")
                }
            }
            for secret in [rig.secret, GuestRig.cookie] { XCTAssertFalse(rig.log("agent").contains(secret)) }
            XCTAssert(rig.log("agent").contains("cookie=(cookie)"), rig.log("agent"))
            for name in ["nxagent.options", "nxagent.authority", "session.authority"] {
                let found = try rig.attributes("/run/qvd/\(name)")
                XCTAssertEqual(found.mode, 0o600, name)
                XCTAssertEqual(found.owner, 1000, name)
            }
            XCTAssertEqual(try rig.attributes("/run/qvd").owner, 0, "the user could replace the options")
            XCTAssertEqual(try rig.attributes("/run/qvd").mode, 0o755)
        }
    }

    func testHelpAndVersionNameTheProgram() async throws {
        let program = FarmRig.programFolder.appending(path: "qvd-vma").path
        let help = try await RigCommand.run(program, "--help")
        XCTAssert(help.contains("--secret-file") && help.contains("--accept-original"), help)
        let version = try await RigCommand.run(program, "--version")
        XCTAssertFalse(version.isEmpty)
        for wrong in [
            ["--port", "0"], ["--display", "x"], ["--run-folder", "/run/a,b"], ["--listening-limit", "0"],
        ] {
            do {
                try await RigCommand.run([program] + wrong)
                XCTFail("\(wrong) is taken")
            } catch let failure as RigFailure {
                XCTAssert(failure.description.contains("Error"), failure.description)
            }
        }
    }
}

/// A small generator that is the same everywhere.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
