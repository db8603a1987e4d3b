/// Where and how a `ClientListener` listens.
package struct ListenerConfiguration: Sendable {
    package enum Place: Sendable, Hashable {
        /// Port 0 takes a free one.
        case address(host: String, port: Int)
        /// A socket that listens already: handed over by a supervisor.
        case socket(descriptor: CInt)
    }

    /// PEM files: the certificate with its chain, and its key.
    package struct TLSFiles: Sendable, Hashable {
        package var certificate: String
        package var key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package var place: Place
    /// Nil: plain HTTP, for a TLS terminator in front.
    package var tls: TLSFiles?
    /// Connections at once; the next is closed at once.
    package var connectionsMax = 5000
    /// The longest request line and headers, in bytes.
    package var requestLengthMax = 24_576
    /// From connecting until the first request is whole, TLS included; and for each later request from its
    /// first byte.
    package var requestTime: Duration = .seconds(30)
    /// How long a connection may wait for its next request: a person chooses a VM meanwhile.
    package var idleTime: Duration = .seconds(300)
    /// Silence after which a peer that does not even acknowledge has vanished.
    package var vanishTime: Duration = .seconds(45)
    /// How long a connection to a guest may take.
    package var guestConnectTime: Duration = .seconds(5)
    /// How long one direction may stay silent after the other was closed.
    package var halfClosedTime: Duration = .seconds(60)

    package init(place: Place, tls: TLSFiles?) {
        self.place = place
        self.tls = tls
    }
}
