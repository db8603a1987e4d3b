import FarmModel
import FarmPorts

/// The promises of `GuestConnection`.
package struct GuestConnectionContract: Sendable {
    private let fixture: any ClientFixture

    package init(_ fixture: any ClientFixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("a relay answers the client, and ends when the guest closes") { try await guestCloses() },
            ContractCheck("a relay ends when the client closes") { try await clientCloses() },
            ContractCheck("a relay whose task is cancelled is cut on both sides") { try await cancelledIsCut() },
            ContractCheck("a client is relayed once, and answered no more") { try await relayedOnce() },
            ContractCheck("a client that left is not relayed, and its guest not kept") { try await leftIsNotRelayed() },
            ContractCheck("a guest that closed meanwhile is no session") { try await closedMeanwhile() },
            ContractCheck("a connection that is closed unused ends, and can be closed again") { try await isClosed() },
        ]
    }

    private let headers = [HTTPField("X-QVD-Slave-Key", "key"), HTTPField("X-QVD-Session", "r-1")]

    private struct Ends {
        let client: any ContractClient
        let exchange: any ClientExchange
        let guest: any ContractGuest
        let connection: any GuestConnection
    }

    private func connected() async throws -> Ends {
        let (client, exchange) = try await fixture.connect()
        let guest = try await fixture.guest()
        let connection = try await exchange.openConnection(to: guest.address, port: guest.port)
        return Ends(client: client, exchange: exchange, guest: guest, connection: connection)
    }

    /// How the relay ended that something was done to.
    ///
    /// - Parameter act: called when the client has its answer; true cancels the relay's task.
    private func end(of ends: Ends, _ act: (Ends) async throws -> Bool) async throws -> RelayEnd? {
        let headers = headers
        return try await withThrowingTaskGroup(of: RelayEnd.self) { group in
            group.addTask { try await ends.connection.relay(headers: headers) }
            try await fixture.see("the session's headers") { try await ends.client.sessionHeaders() != nil }
            let found = try await ends.client.sessionHeaders() ?? []
            for header in headers { try require(found.contains(header), "\(header.name) is not in \(found)") }
            if try await act(ends) { group.cancelAll() }
            let begun = fixture.clock.now
            let end = try await group.next()
            let took = begun.duration(to: fixture.clock.now)
            try require(took < fixture.patience * 2, "the relay ended only after \(took)")
            return end
        }
    }

    private func requireBothEnded(_ ends: Ends) async throws {
        try await fixture.see("the end at the client") { try await ends.client.sawEnd() }
        try await fixture.see("the end at the guest") { try await ends.guest.sawEnd() }
    }

    private func guestCloses() async throws {
        let ends = try await connected()
        let end = try await end(of: ends) {
            try await $0.guest.close()
            return false
        }
        try requireEqual(end, .guestClosed, "the end of a relay whose guest closed")
        try await requireBothEnded(ends)
    }

    private func clientCloses() async throws {
        let ends = try await connected()
        let end = try await end(of: ends) {
            try await $0.client.hangUp()
            return false
        }
        try requireEqual(end, .clientClosed, "the end of a relay whose client closed")
        try await fixture.see("the end at the guest") { try await ends.guest.sawEnd() }
    }

    private func cancelledIsCut() async throws {
        let ends = try await connected()
        let end = try await end(of: ends) { _ in true }
        try requireEqual(end, .cut, "the end of a relay whose task was cancelled")
        try await requireBothEnded(ends)
    }

    private func relayedOnce() async throws {
        let ends = try await connected()
        let other = try await fixture.guest()
        let headers = headers
        let end = try await end(of: ends) { ends in
            try await requireUnavailable("an answer during a session") { () async throws(PortError) in
                try await ends.exchange.respond(ClientResponse(status: 200, body: "?"))
            }
            try await requireUnavailable("an interim answer during a session") { () async throws(PortError) in
                try await ends.exchange.progress("?")
            }
            let second = try await ends.exchange.openConnection(to: other.address, port: other.port)
            try await requireUnavailable("a second relay") { () async throws(PortError) in
                _ = try await second.relay(headers: headers)
            }
            try await fixture.see("the end at the second guest") { try await other.sawEnd() }
            try require(try await !ends.client.sawEnd(), "the second relay ended the first")
            try await ends.client.hangUp()
            return false
        }
        try requireEqual(end, .clientClosed, "the end of the first relay")
        try requireEqual(try await ends.client.answers(), [], "answers during a session")
    }

    private func leftIsNotRelayed() async throws {
        let ends = try await connected()
        try await ends.client.hangUp()
        await ends.exchange.clientGone()
        let headers = headers
        try await requireUnavailable("relaying a client that left") { () async throws(PortError) in
            _ = try await ends.connection.relay(headers: headers)
        }
        try await fixture.see("the end at the guest") { try await ends.guest.sawEnd() }
    }

    private func closedMeanwhile() async throws {
        let ends = try await connected()
        try await ends.guest.close()
        let (headers, fixture) = (headers, fixture)
        let end = try await within(fixture.patience * 3, on: fixture.clock, "relaying to a guest that closed") {
            () async throws -> RelayEnd? in
            do throws(PortError) {
                return try await ends.connection.relay(headers: headers)
            } catch {
                try requireEqual(error.reason, .unavailable, "why a guest that closed is not relayed to")
                return nil
            }
        }
        if let end {
            try requireEqual(end, .guestClosed, "the end of a relay whose guest had closed")
            try await fixture.see("the end at the client") { try await ends.client.sawEnd() }
        } else {
            try await ends.exchange.respond(ClientResponse(status: 503, body: "it closed"))
            try await ends.client.hangUp()
        }
    }

    private func isClosed() async throws {
        let ends = try await connected()
        await ends.connection.close()
        await ends.connection.close()
        try await fixture.see("the end at the guest") { try await ends.guest.sawEnd() }
        // The client is not concerned: it can be answered.
        try await ends.exchange.respond(ClientResponse(status: 503, body: "try again"))
        try await fixture.see("the answer") { try await ends.client.answers().map(\.status) == [503] }
        try await ends.client.hangUp()
    }
}
