package import FarmModel
package import FarmPorts

/// What the contract suites of `ClientExchange` and `GuestConnection` need around the ports: clients and X agents.
package protocol ClientFixture: Sendable {
    var clock: any FarmClock { get }
    /// How long anything that must happen may take here.
    var patience: Duration { get }
    /// An address on the guests' network where nobody is.
    var emptyAddress: IPv4Address { get }

    /// A client sends a GET request: its own side, and what the router gets.
    func request(
        _ path: String, query: [HTTPField], headers: [HTTPField]
    ) async throws -> (client: any ContractClient, exchange: any ClientExchange)
    /// Another X agent that listens for one connection.
    func guest() async throws -> any ContractGuest
}

/// A client, as the suites need it.
package protocol ContractClient: Sendable {
    func hangUp() async throws
    /// The texts of the interim answers so far.
    func interimTexts() async throws -> [String]
    /// The final answers so far.
    func answers() async throws -> [ContractAnswer]
    /// The headers of the answer that begins a session; nil before it.
    func sessionHeaders() async throws -> [HTTPField]?
    /// Whether its connection has ended. It closes its own side then.
    func sawEnd() async throws -> Bool
}

package struct ContractAnswer: Sendable, Hashable {
    package var status: Int
    package var body: String

    package init(status: Int, body: String) {
        self.status = status
        self.body = body
    }
}

/// An X agent, as the suites need it.
package protocol ContractGuest: Sendable {
    var address: IPv4Address { get }
    var port: Int { get }
    /// Ends its connection, and listens no more.
    func close() async throws
    /// Whether the connection to it was made and has ended. It closes its own side then.
    func sawEnd() async throws -> Bool
}

extension ClientFixture {
    func connect() async throws -> (client: any ContractClient, exchange: any ClientExchange) {
        try await request(
            "/qvd/connect_to_vm", query: [HTTPField("id", "7")],
            headers: [HTTPField("Connection", "Upgrade"), HTTPField("Upgrade", "QVD/1.0")])
    }

    func see(_ what: String, _ condition: () async throws -> Bool) async throws {
        try await eventually(what, on: clock, within: patience, condition)
    }
}

/// Requires that the call says that the client cannot be told any more.
func requireUnavailable(
    _ what: String, of call: () async throws(PortError) -> Void
) async throws(ContractViolation) {
    do throws(PortError) {
        try await call()
    } catch {
        try requireEqual(error.reason, .unavailable, "why \(what) fails")
        return try require(error.effect != .outcomeUnknown, "\(what) may have happened: \(error)")
    }
    throw ContractViolation("\(what) succeeded")
}
