import FarmModel
import XCTest

/// What stands on the wire, byte for byte, as a client of the original sees it.
final class WireTests: XCTestCase {
    private var fixture: RouterFixture!

    override func setUpWithError() throws { fixture = try RouterFixture() }

    override func tearDownWithError() throws {
        // Nil when the set-up failed.
        try fixture?.stop()
        fixture = nil
    }

    private func ask(_ request: String, headers: [String] = []) throws -> (head: String, body: String) {
        let client = try fixture.connect()
        return try ask(client, request, headers: headers)
    }

    private func ask(
        _ client: RawSocket, _ request: String, headers: [String] = []
    ) throws -> (head: String, body: String) {
        let lines = [request + " HTTP/1.1", "Host: localhost"] + headers
        try client.send(lines.map { $0 + "\r\n" }.joined() + "\r\n")
        let head = try client.receiveHead()
        let length = head.split(separator: "\r\n").first { $0.hasPrefix("Content-Length: ") }
            .flatMap { Int($0.dropFirst("Content-Length: ".count)) }
        return (head, String(decoding: try client.receive(exactly: length ?? 0), as: UTF8.self))
    }

    func testPingNeedsNoLogin() throws {
        let answer = try ask("GET /qvd/ping")
        XCTAssertEqual(
            answer.head,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 11\r\n"
                + "Connection: keep-alive\r\n\r\n")
        XCTAssertEqual(answer.body, "I am alive!")
    }

    func testPingFailsWhileTheNodeIsNotRunningOrIsBlocked() throws {
        try fixture.setNode(.starting)
        XCTAssert(try ask("GET /qvd/ping").head.hasPrefix("HTTP/1.1 503 "))
        try fixture.setNode(.running)
        try fixture.apply(.setNode(NodeID(1), isBlocked: true))
        XCTAssert(try ask("GET /qvd/ping").head.hasPrefix("HTTP/1.1 503 "))
        let answer = try ask("GET /qvd/connect_to_vm?id=1", headers: [RouterFixture.alice])
        XCTAssert(answer.head.hasPrefix("HTTP/1.1 503 "), answer.head)
    }

    func testListShowsOnlyTheUsersOwnVMs() throws {
        let answer = try ask("GET /qvd/list_of_vm", headers: [RouterFixture.alice])
        XCTAssert(answer.head.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/json"), answer.head)
        XCTAssertEqual(
            answer.body,
            #"[{"id":1,"state":"stopped","name":"alice's \"desk\"","blocked":0,"is_application":0}]"#)
        XCTAssertEqual(try ask("GET /qvd/list_of_applications", headers: [RouterFixture.alice]).body, "[]")
    }

    func testHeaderNamesMayHaveAnyCase() throws {
        for name in ["authorization", "AUTHORIZATION", "aUtHoRiZaTiOn"] {
            let header = RouterFixture.alice.replacing("Authorization", with: name)
            XCTAssert(try ask("GET /qvd/list_of_vm", headers: [header]).head.hasPrefix("HTTP/1.1 200 "), name)
        }
    }

    func testOneConnectionServesManyRequests() throws {
        let client = try fixture.connect()
        for _ in 0..<3 {
            XCTAssert(
                try ask(client, "GET /qvd/list_of_vm", headers: [RouterFixture.alice]).head.hasPrefix(
                    "HTTP/1.1 200"))
            XCTAssertEqual(try ask(client, "GET /qvd/ping").body, "I am alive!")
        }
    }

    func testEveryReasonNotToLogInLooksTheSame() throws {
        try fixture.apply(.addUser(tenant: TenantID(1), login: "eve", passwordHash: PlainHasher.stored("evil")))
        try fixture.apply(.setUser(UserID(3), passwordHash: nil, isBlocked: true))
        let expected = try ask("GET /qvd/list_of_vm")
        XCTAssertEqual(
            expected.head,
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"QVD\"\r\n"
                + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 24\r\nConnection: keep-alive\r\n\r\n"
        )
        let before = fixture.hasher.verifications
        let logins = [
            "YWxpY2U6d3Jvbmc=",  // alice:wrong
            "bm9ib2R5OnNlY3JldA==",  // nobody:secret
            "ZXZlOmV2aWw=",  // eve:evil, blocked
            "YWxpY2VAbm93aGVyZTpzZWNyZXQ=",  // alice@nowhere:secret
        ]
        for login in logins {
            let answer = try ask("GET /qvd/list_of_vm", headers: ["Authorization: Basic \(login)"])
            XCTAssertEqual(answer.head, expected.head)
            XCTAssertEqual(answer.body, expected.body)
        }
        XCTAssertEqual(fixture.hasher.verifications - before, logins.count, "each takes the time of one check")
        for header in ["Basic", "Basic !!!", "Basic YWxpY2U=", "Basic YWxpY2U6", "Bearer c2VjcmV0"] {
            let answer = try ask("GET /qvd/list_of_vm", headers: ["Authorization: \(header)"])
            XCTAssertEqual(answer.head, expected.head, header)
        }
    }

    func testGuessedPasswordsAreLimited() throws {
        let wrong = ["Authorization: Basic YWxpY2U6d3Jvbmc="]
        var last = try ask("GET /qvd/list_of_vm", headers: wrong)
        for _ in 0..<10 { last = try ask("GET /qvd/list_of_vm", headers: wrong) }
        XCTAssert(last.head.hasPrefix("HTTP/1.1 401 "), last.head)
        XCTAssert(last.head.contains("\r\nRetry-After: "), last.head)
        let right = try ask("GET /qvd/list_of_vm", headers: [RouterFixture.alice])
        XCTAssert(right.head.hasPrefix("HTTP/1.1 401 "), "even the right password must wait")
        XCTAssert(try ask("GET /qvd/list_of_vm", headers: [RouterFixture.bob]).head.hasPrefix("HTTP/1.1 200 "))
    }

    func testAPasswordThatCannotBeCheckedIsNotCalledWrong() throws {
        fixture.hasher.isExhausted = true
        let alice = [RouterFixture.alice]
        let nobody = ["Authorization: Basic bm9ib2R5OnNlY3JldA=="]  // nobody:secret
        let expected = try ask("GET /qvd/list_of_vm", headers: alice)
        XCTAssert(expected.head.hasPrefix("HTTP/1.1 503 "), expected.head)
        XCTAssertEqual(expected.body, "The server cannot answer: passwords cannot be checked now, retry later.")
        XCTAssertEqual(
            try ask("GET /qvd/list_of_vm", headers: nobody).body, expected.body, "who exists is not to be learnt")
        // More than the limit for guesses: they were none.
        for _ in 0..<20 { XCTAssertEqual(try ask("GET /qvd/list_of_vm", headers: alice).body, expected.body) }
        fixture.hasher.isExhausted = false
        XCTAssert(try ask("GET /qvd/list_of_vm", headers: alice).head.hasPrefix("HTTP/1.1 200 "))
    }

    func testConnectSaysWhatIsWrongWithTheRequest() throws {
        let upgrade = ["Connection: Upgrade", "Upgrade: QVD/1.0"]
        func status(_ query: String, _ headers: [String]) throws -> String {
            let head = try ask("GET /qvd/connect_to_vm\(query)", headers: headers).head
            return String(head.split(separator: " ", maxSplits: 2)[1])
        }
        XCTAssertEqual(try status("?id=1", upgrade), "401", "who may not log in learns nothing else")
        let alice = [RouterFixture.alice]
        XCTAssertEqual(try status("?id=1", alice), "426")
        XCTAssertEqual(try status("?id=1", alice + ["Connection: Upgrade", "Upgrade: websocket"]), "426")
        XCTAssertEqual(try status("", alice + upgrade), "422")
        XCTAssertEqual(try status("?id=one", alice + upgrade), "422")
        XCTAssertEqual(try status("?id=1&id=2", alice + upgrade), "422")
        XCTAssertEqual(try status("?id=1&qvd.vm.user.name=root", alice + upgrade), "403")
        XCTAssertEqual(try status("?id=1&qvd.client.nx.cookie=none", alice + upgrade), "422")
        XCTAssertEqual(try status("?id=1&qvd.client.os=a%0Ab", alice + upgrade), "422")
        XCTAssertEqual(try status("?id=77", alice + upgrade), "404")
        XCTAssertEqual(try status("?id=2", alice + upgrade), "404", "another's VM is as good as none")
        try fixture.apply(.setVM(RouterFixture.vm, name: nil, tag: nil, isBlocked: true))
        XCTAssertEqual(try status("?id=1", alice + upgrade), "403")
        XCTAssert(fixture.agent.starts.isEmpty)
        XCTAssert(try fixture.snapshot().sessions.isEmpty)
    }

    func testUnknownAddressesAndMethodsAreAnswered() throws {
        XCTAssert(try ask("GET /").head.hasPrefix("HTTP/1.1 404 "))
        XCTAssert(try ask("GET /qvd/ping/../../etc/passwd").head.hasPrefix("HTTP/1.1 404 "))
        XCTAssert(try ask("DELETE /qvd/ping").head.hasPrefix("HTTP/1.1 405 "))
    }

    func testStopAnswersWhenTheVMIsStopped() throws {
        try fixture.apply(.startVM(RouterFixture.vm, node: NodeID(1)))
        try eventually("VM runs") { try fixture.snapshot().vms[0].observation.state == .running }
        let client = try fixture.connect()
        try client.send("GET /qvd/stop_vm?id=1 HTTP/1.1\r\n\(RouterFixture.alice)\r\n\r\n")
        XCTAssertEqual(
            try client.receiveHead(),
            "HTTP/1.1 102 Processing\r\nX-QVD-VM-Info: Stopping the virtual machine\r\n\r\n")
        XCTAssert(try client.receiveHead().hasPrefix("HTTP/1.1 200 OK\r\n"))
        XCTAssertEqual(try client.receive(exactly: 15), Array("Machine stopped".utf8))
        XCTAssertEqual(try fixture.snapshot().vms[0].observation.state, .stopped)
        XCTAssertEqual(try ask("GET /qvd/stop_vm?id=1", headers: [RouterFixture.alice]).body, "Machine stopped")
        XCTAssert(
            try ask("GET /qvd/stop_vm?id=2", headers: [RouterFixture.alice]).head.hasPrefix("HTTP/1.1 404 "))
        XCTAssert(try ask("GET /qvd/stop_vm", headers: [RouterFixture.alice]).head.hasPrefix("HTTP/1.1 422 "))
    }
}
