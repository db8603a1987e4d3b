import FarmModel
import Goldens
import XCTest

/// What clients rely on: each request of a list, and what its answer had (fixtures/compatibility/router-answers.txt).
/// An answer may get more headers; none may go, and no status and no body may change.
final class KeptAnswerTests: XCTestCase {
    func testEveryAnswerIsAsItWas() throws {
        let fixture = try RouterFixture()
        defer { XCTAssertNoThrow(try fixture.stop()) }
        let alice = [RouterFixture.alice]
        let upgrade = ["Connection: Upgrade", "Upgrade: QVD/1.0"]
        var found: [String] = []
        func ask(_ what: String, _ request: String, _ headers: [String] = []) throws {
            found += try Self.answers(of: fixture, request, headers).map { "\(what): \($0)" }
        }
        for path in ["/qvd/ping", "/", "/qvd/nonsense"] { try ask(path, "GET \(path)") }
        for path in [
            "list_of_vm", "list_of_applications", "authenticate_user", "stop_vm?id=1", "session_end?session=x",
        ] {
            try ask("/qvd/\(path) without a login", "GET /qvd/\(path)")
            try ask("/qvd/\(path)", "GET /qvd/\(path)", alice)
        }
        for method in ["POST", "HEAD", "DELETE"] { try ask("\(method) /qvd/list_of_vm", "\(method) /qvd/list_of_vm") }
        try ask("/qvd/authenticate_user, wrong password", "GET /qvd/authenticate_user", ["Authorization: Basic YTpi"])
        for query in ["?id=1", "", "?id=one", "?id=1&qvd.vm.user.name=root", "?id=1&qvd.client.nx.cookie=no", "?id=2"] {
            try ask("/qvd/connect_to_vm\(query)", "GET /qvd/connect_to_vm\(query)", alice + upgrade)
        }
        try ask("/qvd/connect_to_vm?id=1 without upgrade", "GET /qvd/connect_to_vm?id=1", alice)
        try ask("/qvd/connect_to_vm?id=1 without a login", "GET /qvd/connect_to_vm?id=1", upgrade)
        for query in ["", "?id=one", "?id=2"] { try ask("/qvd/stop_vm\(query)", "GET /qvd/stop_vm\(query)", alice) }
        try fixture.apply(.setVM(RouterFixture.vm, name: nil, tag: nil, isBlocked: true))
        try ask("VM blocked: /qvd/list_of_vm", "GET /qvd/list_of_vm", alice)
        try ask("VM blocked: /qvd/connect_to_vm", "GET /qvd/connect_to_vm?id=1", alice + upgrade)
        try fixture.apply(.setVM(RouterFixture.vm, name: nil, tag: nil, isBlocked: false))
        try fixture.apply(.setNode(NodeID(1), isBlocked: true))
        try ask("node blocked: /qvd/ping", "GET /qvd/ping")
        try ask("node blocked: /qvd/connect_to_vm", "GET /qvd/connect_to_vm?id=1", alice + upgrade)
        try fixture.apply(.setNode(NodeID(1), isBlocked: false))
        try fixture.setNode(.stopped)
        try ask("node stopped: /qvd/ping", "GET /qvd/ping")
        try ask("node stopped: /qvd/connect_to_vm", "GET /qvd/connect_to_vm?id=1", alice + upgrade)
        XCTAssertEqual(try KeptLines("compatibility/router-answers.txt").missing(from: found), [])
    }

    /// The lines of the last answer's head, be it the switch to a session, and its body.
    private static func answers(of fixture: RouterFixture, _ request: String, _ headers: [String]) throws -> [String] {
        let client = try fixture.connect()
        defer { client.close() }
        let lines = ["\(request) HTTP/1.1", "Host: localhost"] + headers
        try client.send(lines.map { $0 + "\r\n" }.joined() + "\r\n")
        var found: [String] = []
        while true {
            let head = try client.receiveHead().split(separator: "\r\n").map(String.init)
            let status = head.first?.split(separator: " ").dropFirst().first
            // Which steps a connect tells of depends on how soon the VM runs; WireTests hold their form.
            if status == "102" { continue }
            found += head.map(steady)
            if status == "101" || request.hasPrefix("HEAD") { return found }
            let length = head.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) }
            let body = String(decoding: try client.receive(exactly: length ?? 0), as: UTF8.self)
            return found + ["body \(body)"]
        }
    }

    /// Without what is drawn for each session.
    private static func steady(_ line: String) -> String {
        let isDrawn = line.hasPrefix("X-QVD-Session:") || line.hasPrefix("X-QVD-Slave-Key:")
        return isDrawn ? String(line.prefix { $0 != ":" }) + ": DRAWN" : line
    }
}
