import Foundation
import NIOTransport
import XCTest

/// Whatever is sent to the port: an error or a closed connection, and the next client is served.
final class HostileInputTests: XCTestCase {
    private var fixture: RouterFixture!

    override func setUpWithError() throws {
        fixture = try RouterFixture { listener in
            listener.requestTime = .seconds(3)
            listener.connectionsMax = 20
        }
    }

    override func tearDownWithError() throws {
        // Nil when the set-up failed.
        try fixture?.stop()
        fixture = nil
    }

    private func answer(to bytes: [UInt8]) throws -> String {
        let client = try fixture.connect()
        try client.send(bytes)
        client.endOutput()
        return String(decoding: try client.receiveAll(), as: UTF8.self)
    }

    private func assertAlive(file: StaticString = #filePath, line: UInt = #line) throws {
        let client = try fixture.connect()
        try client.send("GET /qvd/ping HTTP/1.1\r\nConnection: close\r\n\r\n")
        let answer = String(decoding: try client.receiveAll(), as: UTF8.self)
        XCTAssert(answer.hasSuffix("I am alive!"), answer, file: file, line: line)
    }

    func testGarbageGetsABadRequest() throws {
        for text in [
            "\u{1}\u{2}\u{3}\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "GET\r\n\r\n", "GET /x HTTP/9.9\r\n\r\n",
        ] {
            let client = try fixture.connect()
            try client.send(text)
            let answer = String(decoding: try client.receiveAll(), as: UTF8.self)
            XCTAssert(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(text.debugDescription): \(answer)")
        }
        try assertAlive()
    }

    func testBrokenEscapesAndBodiesGetABadRequest() throws {
        for request in [
            "GET /qvd/ping?a=%zz HTTP/1.1\r\n\r\n", "GET /qvd/%ff%fe HTTP/1.1\r\n\r\n",
            "GET http://elsewhere/qvd/ping HTTP/1.1\r\n\r\n", "GET /qvd/ping?a=%00 HTTP/1.1\r\n\r\n",
            "POST /qvd/ping HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello",
        ] {
            let client = try fixture.connect()
            try client.send(request)
            let answer = String(decoding: try client.receiveAll(), as: UTF8.self)
            XCTAssert(answer.hasPrefix("HTTP/1.1 400 "), "\(request): \(answer)")
        }
    }

    func testEndlessHeadsAreCutOff() throws {
        for piece in ["x", "X-Long: y\r\n"] {
            let client = try fixture.connect()
            var sent = 0
            try client.send(piece == "x" ? "GET /" : "GET / HTTP/1.1\r\n")
            let block = Array(String(repeating: piece, count: 1000).utf8)
            while sent < 4 << 20, (try? client.send(block)) != nil { sent += block.count }
            XCTAssertLessThan(sent, 4 << 20, "nobody stopped a head of 4 MiB")
        }
        try assertAlive()
    }

    func testASlowRequestIsCutOff() throws {
        let client = try fixture.connect()
        try client.send("GET /qvd/ping HT")
        XCTAssertEqual(try client.receiveAll(), [])
    }

    func testConnectionsAreLimited() throws {
        var held: [RawSocket] = []
        for _ in 0..<20 { held.append(try fixture.connect()) }
        let turnedAway = try fixture.connect()
        // Whoever is let in is answered. A reset is as good an end as any.
        _ = try? turnedAway.send("GET /qvd/ping HTTP/1.1\r\nConnection: close\r\n\r\n")
        XCTAssertEqual((try? turnedAway.receiveAll()) ?? [], [])
        held.removeAll()
        try eventually("room again") {
            let client = try fixture.connect()
            // Until the places are free it is turned away as the one above.
            _ = try? client.send("GET /qvd/ping HTTP/1.1\r\nConnection: close\r\n\r\n")
            return (try? client.receiveAll())?.isEmpty == false
        }
    }

    func testPipelinedRequestsAreAnsweredInOrder() throws {
        let client = try fixture.connect()
        try client.send(
            "GET /qvd/ping HTTP/1.1\r\n\r\nGET /nothing HTTP/1.1\r\n\r\n"
                + "GET /qvd/ping HTTP/1.1\r\nConnection: close\r\n\r\n")
        let answer = String(decoding: try client.receiveAll(), as: UTF8.self)
        let statuses = answer.split(separator: "HTTP/1.1 ").map { $0.prefix(3) }
        XCTAssertEqual(statuses, ["200", "404", "200"])
    }

    func testRandomBytesNeverKillTheServer() throws {
        var generator = SeededBytes(seed: 20_240_611)
        let valid = Array(
            "GET /qvd/connect_to_vm?id=1&qvd.client.os=linux HTTP/1.1\r\n\(RouterFixture.alice)\r\n\r\n".utf8)
        var answered = 0
        for round in 0..<300 {
            var bytes =
                round % 2 == 0 ? valid : (0..<generator.next(below: 400)).map { _ in generator.byte() }
            for _ in 0..<generator.next(below: 6) where !bytes.isEmpty {
                bytes[generator.next(below: bytes.count)] = generator.byte()
            }
            let client = try fixture.connect()
            // The server may have closed already: that is one of the right answers.
            guard (try? client.send(bytes)) != nil else { continue }
            client.endOutput()
            guard let answer = try? client.receiveAll() else { continue }
            let text = String(decoding: answer, as: UTF8.self)
            XCTAssert(text.isEmpty || text.hasPrefix("HTTP/1.1 "), "round \(round): \(text)")
            if !text.isEmpty { answered += 1 }
        }
        XCTAssertGreaterThan(answered, 100, "hardly a round was looked at")
        try assertAlive()
    }
}

/// SplitMix64, so that a failing round can be repeated.
struct SeededBytes {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func word() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: word() >> 11) }
    mutating func next(below bound: Int) -> Int { Int(word() % UInt64(max(1, bound))) }
}
