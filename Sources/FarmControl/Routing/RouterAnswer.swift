/// A final answer of the router that is not a session, as the original's clients know it.
package struct RouterAnswer: Sendable, Hashable {
    package var status: Int
    /// Besides those that every answer has.
    package var headers: [Header]
    package var contentType: String
    package var body: String

    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String
    }

    package init(
        _ status: Int, headers: [Header] = [], contentType: String = "text/plain; charset=utf-8",
        _ body: String
    ) {
        self.status = status
        self.headers = headers
        self.contentType = contentType
        self.body = body
    }

    package static func json(_ body: String) -> RouterAnswer {
        RouterAnswer(200, contentType: "application/json; charset=utf-8", body)
    }

    /// The same for every reason why somebody cannot log in.
    package static let loginRefused = RouterAnswer(
        401, headers: [Header(name: "WWW-Authenticate", value: "Basic realm=\"QVD\"")],
        "Authentication required.")

    /// Too many failed logins of this user or from this address.
    package static func loginsExhausted(retryAfter: Duration) -> RouterAnswer {
        var answer = loginRefused
        let seconds = max(1, retryAfter.components.seconds + (retryAfter.components.attoseconds > 0 ? 1 : 0))
        answer.headers.append(Header(name: "Retry-After", value: String(seconds)))
        answer.body = "Too many failed logins, retry in \(seconds) seconds."
        return answer
    }

    package static let notFound = RouterAnswer(404, "There is nothing at this address.")
    package static let methodNotAllowed = RouterAnswer(
        405, headers: [Header(name: "Allow", value: "GET")], "Only GET is understood.")
    package static let upgradeRequired = RouterAnswer(
        426,
        headers: [Header(name: "Upgrade", value: "QVD/1.0"), Header(name: "Connection", value: "Upgrade")],
        "Upgrade to QVD/1.0 required.")

    /// Also for a VM of somebody else: whether it exists is not told.
    package static let noSuchVM = RouterAnswer(404, "The requested virtual machine does not exist.")
    package static let vmBlocked = RouterAnswer(
        403, "The requested virtual machine is offline for maintenance.")
    package static let nodeBlocked = RouterAnswer(503, "The server is blocked for maintenance, retry later.")
    package static let nodeNotRunning = RouterAnswer(503, "The server is not ready, retry later.")

    /// The original's words for everything that goes wrong once a connect was admitted.
    package static func notAvailable(_ reason: String) -> RouterAnswer {
        RouterAnswer(503, "The requested virtual machine is not available: \(reason), retry later.")
    }

    package static func serverFailed(_ reason: String) -> RouterAnswer {
        RouterAnswer(503, "The server cannot answer: \(reason), retry later.")
    }
}
