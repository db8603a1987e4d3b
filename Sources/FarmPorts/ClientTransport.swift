package import FarmModel

/// One request of a QVD client, parsed by the transport; and the way to answer it.
///
/// A client gets interim answers in their order, and then one final answer or one session. After that, and once it is
/// gone, everything that is to be told to it throws `.unavailable` and does nothing.
package protocol ClientExchange: Sendable {
    var request: ClientRequest { get }

    /// An interim answer: `102 Processing` with `X-QVD-VM-Info`.
    func progress(_ text: String) async throws(PortError)

    /// The final answer of a request that is not a session.
    func respond(_ response: ClientResponse) async throws(PortError)

    /// Connects to a guest for this client: its X agent, or another port of it. More than one may be open. A probe is
    /// no substitute: nxagent dies of a connection that says nothing. Where nobody listens it is `unreachable`.
    func openConnection(to address: IPv4Address, port: Int) async throws(PortError) -> any GuestConnection

    /// Returns when the client has gone away before the final answer was given, or the task is cancelled.
    func clientGone() async
}

package struct ClientRequest: Sendable, Hashable {
    /// `GET`
    package var method: String
    /// Without the query: `/qvd/connect_to_vm`.
    package var path: String
    /// Decoded, in order.
    package var query: [HTTPField]
    package var headers: [HTTPField]
    /// The client's address, without port.
    package var peer: String

    package init(method: String, path: String, query: [HTTPField], headers: [HTTPField], peer: String) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.peer = peer
    }

    /// The first header of that name, whatever its case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    package func parameter(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// A name and its value: a header or a query item. Printed without the value, which may be a secret.
package struct HTTPField: Sendable, Hashable, CustomStringConvertible {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    package var description: String { "\(name): …" }
}

package struct ClientResponse: Sendable, Hashable {
    package var status: Int
    package var headers: [HTTPField]
    package var contentType: String
    package var body: String

    package init(
        status: Int, headers: [HTTPField] = [], contentType: String = "text/plain; charset=utf-8", body: String
    ) {
        self.status = status
        self.headers = headers
        self.contentType = contentType
        self.body = body
    }
}

package enum RelayEnd: Sendable, Hashable {
    case clientClosed
    case guestClosed
    /// The client stopped answering without closing.
    case clientVanished
    case cut
}

/// A client's connection to a guest, open and not yet used.
package protocol GuestConnection: Sendable {
    /// Answers the client `101 Switching Protocols` with the headers, then relays bytes both ways until one side ends,
    /// the client vanishes (noticed within 60 s), or the task is cancelled; then both are closed. Half-close is
    /// honoured and each side reads no faster than the other takes. Once per client: a second relay is refused with
    /// `.unavailable`, as that of a client that has left, and the connection is closed. A guest that has closed since
    /// the connection was opened ends the relay at once.
    func relay(headers: [HTTPField]) async throws(PortError) -> RelayEnd

    /// Can be repeated. The client is not concerned.
    func close() async
}
