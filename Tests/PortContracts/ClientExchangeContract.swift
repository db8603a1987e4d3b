import FarmModel
import FarmPorts

/// The promises of `ClientExchange`.
package struct ClientExchangeContract: Sendable {
    private let fixture: any ClientFixture

    package init(_ fixture: any ClientFixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("a request arrives as it was sent") { try await requestArrives() },
            ContractCheck("interim answers arrive in order, before the final one") { try await interimArrives() },
            ContractCheck("there is one final answer") { try await oneAnswer() },
            ContractCheck("a client that leaves is noticed, and cannot be answered") { try await leavingIsNoticed() },
            ContractCheck("who is cancelled no longer waits for a client to leave") { try await cancelledReturns() },
            ContractCheck("where no X agent listens no connection is made") { try await nobodyListens() },
        ]
    }

    private func requestArrives() async throws {
        let query = [HTTPField("id", "7"), HTTPField("qvd.client.name", "a b&c=d%é")]
        let (client, exchange) = try await fixture.request(
            "/qvd/some where", query: query, headers: [HTTPField("X-Thing", "as it is")])
        let request = exchange.request
        try requireEqual(request.method, "GET", "the method")
        try requireEqual(request.path, "/qvd/some where", "the path")
        try requireEqual(request.query, query, "the query")
        try requireEqual(request.header("x-thing"), "as it is", "a header, by its name in small letters")
        try requireEqual(request.header("x-nothing"), nil, "a header that was not sent")
        try require(!request.peer.isEmpty && !request.peer.contains(":"), "the client's address is \(request.peer)")
        try await client.hangUp()
    }

    private func interimArrives() async throws {
        let (client, exchange) = try await fixture.connect()
        try await exchange.progress("first")
        try await fixture.see("the first interim answer") { try await client.interimTexts() == ["first"] }
        try await exchange.progress("second")
        try requireEqual(try await client.answers(), [], "final answers so far")
        try await exchange.respond(ClientResponse(status: 503, body: "not now"))
        try await fixture.see("the final answer") {
            try await client.answers() == [ContractAnswer(status: 503, body: "not now")]
        }
        try requireEqual(try await client.interimTexts(), ["first", "second"], "interim answers")
        try requireEqual(try await client.sessionHeaders(), nil, "headers of a session that there is not")
        try await client.hangUp()
    }

    private func oneAnswer() async throws {
        let (client, exchange) = try await fixture.connect()
        try await exchange.respond(ClientResponse(status: 200, body: "the one"))
        try await requireUnavailable("a second final answer") { () async throws(PortError) in
            try await exchange.respond(ClientResponse(status: 200, body: "another"))
        }
        try await requireUnavailable("an interim answer after the final one") { () async throws(PortError) in
            try await exchange.progress("late")
        }
        try await fixture.see("the answer") { try await !client.answers().isEmpty }
        try requireEqual(try await client.answers(), [ContractAnswer(status: 200, body: "the one")], "answers")
        try requireEqual(try await client.interimTexts(), [], "interim answers")
        try await client.hangUp()
    }

    private func leavingIsNoticed() async throws {
        let (client, exchange) = try await fixture.connect()
        let clock = fixture.clock
        let begun = clock.now
        try await withThrowingTaskGroup(of: Instant.self) { group in
            group.addTask {
                await exchange.clientGone()
                return clock.now
            }
            try await clock.sleep(for: .milliseconds(300))
            try await client.hangUp()
            let noticed = try await within(fixture.patience, on: clock, "noticing that the client left") {
                await exchange.clientGone()
                return clock.now
            }
            let first = try await group.next() ?? begun
            try require(first >= begun.advanced(by: .milliseconds(300)), "it left before it did")
            try require(noticed <= begun.advanced(by: fixture.patience), "it was noticed at \(noticed) only")
        }
        try await requireUnavailable("an interim answer to a client that left") { () async throws(PortError) in
            try await exchange.progress("hello?")
        }
        try await requireUnavailable("an answer to a client that left") { () async throws(PortError) in
            try await exchange.respond(ClientResponse(status: 200, body: "hello?"))
        }
    }

    private func cancelledReturns() async throws {
        let (client, exchange) = try await fixture.connect()
        let clock = fixture.clock
        let begun = clock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await exchange.clientGone() }
            try await clock.sleep(for: .milliseconds(100))
            group.cancelAll()
            try await group.next()
        }
        try require(begun.duration(to: clock.now) < fixture.patience, "a cancelled task waited on")
        // It is about the task alone: the client is still there.
        try await exchange.respond(ClientResponse(status: 200, body: "still here"))
        try await fixture.see("the answer") { try await client.answers().map(\.body) == ["still here"] }
        try await client.hangUp()
    }

    private func nobodyListens() async throws {
        let (client, exchange) = try await fixture.connect()
        let closed = try await fixture.guest()
        try await closed.close()
        for (address, what) in [(closed.address, "a closed port"), (fixture.emptyAddress, "nobody's address")] {
            do throws(PortError) {
                _ = try await exchange.openConnection(to: address, port: closed.port)
            } catch {
                try requireEqual(error.effect, .unreachable, "a connection to \(what)")
                try require([.unavailable, .timedOut].contains(error.reason), "a connection to \(what): \(error)")
                continue
            }
            throw ContractViolation("a connection to \(what) was made")
        }
        try await client.hangUp()
    }
}
