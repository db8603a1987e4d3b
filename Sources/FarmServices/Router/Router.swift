package import FarmControl
package import FarmModel
package import FarmPorts
import Logging
import TextEncodings

/// L7R: lets users in, brings each to their desktop, and keeps one client per desktop.
///
/// `handle` is called by the transport for each request of a client and returns when it is answered or its
/// session is over; cancelling its task cuts the session. `run` is called once and keeps the sessions in step
/// with the store until it is cancelled. All state is in memory and in `ConnectMachine`s; what a router that
/// died left in the store is ended when the next one runs.
package actor Router {
    let configuration: RouterConfiguration
    let ports: RouterPorts
    /// Names this run of the router in session tokens.
    package nonisolated let incarnation: String

    var connects: [SessionToken: Connect] = [:]
    var lastSession: Int64 = 0
    var endings = SessionEndings()
    /// The sessions of earlier runs at this place are ended.
    var hasEndedEarlier = false
    /// Sessions that are over, whose end the store does not know yet.
    var owedEnds: [SessionToken: VMID] = [:]
    /// What changed in the store, as far as was heard, and who waits for what.
    var news: StoreNews
    var waiters: [Int64: Waiter] = [:]
    var lastWaiter: Int64 = 0

    /// One client on its way to its desktop, or there.
    struct Connect {
        var machine: ConnectMachine
        let peer: String
        let slaveKey: String
        /// Ends the procedure of this connect.
        let interrupt: AsyncStream<Void>.Continuation
        /// Given back when the connect is over, however far it came.
        var grant: Grant?
        var desktop: DesktopView?
        var connection: (any GuestConnection)?
        /// The count of `news` before the last look at the store.
        var seenNews = 0
        /// The last look at the store was at the desktop, and succeeded.
        var hasLooked = false
    }

    /// A task that waits for a change of the store.
    struct Waiter {
        let interest: StoreNews.Interest
        /// The count of `news` before its last look.
        let seen: Int
        let wake: AsyncStream<Void>.Continuation
    }

    package init(configuration: RouterConfiguration, ports: RouterPorts) {
        self.configuration = configuration
        self.ports = ports
        incarnation = Hexadecimal.text(ports.random.bytes(8))
        news = StoreNews(router: incarnation)
    }

    /// Answers one request.
    package func handle(_ exchange: any ClientExchange) async {
        let request = exchange.request
        guard request.method == "GET" else { return await respond(exchange, .methodNotAllowed) }
        switch request.path {
        case "/qvd/ping": await respond(exchange, await ping())
        case "/qvd/list_of_vm": await respond(exchange, await listDesktops(for: request))
        case "/qvd/list_of_applications": await respond(exchange, await listApplications(for: request))
        case "/qvd/authenticate_user": await respond(exchange, await checkLogin(of: request))
        case "/qvd/session_end": await respond(exchange, await explainEnding(to: request))
        case "/qvd/stop_vm": await stopDesktop(exchange)
        case "/qvd/connect_to_vm": await connect(exchange)
        default: await respond(exchange, .notFound)
        }
    }

    /// The machines of all clients, by session: for checkers.
    package var machines: [(token: SessionToken, machine: ConnectMachine)] {
        connects.map { ($0.key, $0.value.machine) }.sorted { $0.token.number < $1.token.number }
    }

    func respond(_ exchange: any ClientExchange, _ answer: RouterAnswer) async {
        let headers = answer.headers.map { HTTPField($0.name, $0.value) }
        do throws(PortError) {
            try await exchange.respond(
                ClientResponse(
                    status: answer.status, headers: headers, contentType: answer.contentType,
                    body: answer.body))
        } catch {
            ports.log.debug("client left before its answer", metadata: ["peer": "\(exchange.request.peer)"])
        }
    }

    /// Returns at the moment, or earlier when the task is cancelled: then the next port call says so.
    func sleep(until moment: Instant) async {
        do {
            try await ports.clock.sleep(until: moment)
        } catch {
            return
        }
    }
}
