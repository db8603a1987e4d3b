import Dispatch
import FarmModel
import FarmPorts
import Logging
import NIOTransport
import PortContracts
import Synchronization
import SystemClock
import XCTest

/// The router's door keeps what the simulated one keeps: clients and X agents are sockets of the test on loopback.
final class ClientContractTests: XCTestCase {
    private func withFixture(_ body: (DoorFixture) async throws -> Void) async throws {
        let fixture = try await DoorFixture.open()
        let result: Result<Void, any Error>
        do {
            result = .success(try await body(fixture))
        } catch {
            result = .failure(error)
        }
        await fixture.close()
        try result.get()
    }

    func testTheExchangesKeepTheirContract() async throws {
        try await withFixture { try await runContract(ClientExchangeContract($0).checks) }
    }

    func testTheGuestConnectionsKeepTheirContract() async throws {
        try await withFixture { try await runContract(GuestConnectionContract($0).checks) }
    }
}

/// A listener whose requests nobody but the suite answers.
private final class DoorFixture: ClientFixture {
    let clock: any FarmClock = SystemClock()
    let patience: Duration = .seconds(5)
    /// A loopback address is reached and refuses; on one of another network, to which no way leads, nobody is.
    let emptyAddress = IPv4Address(bits: 0xc000_0263)
    private let port: Int
    private let running: Task<Void, Never>
    private let exchanges: AsyncStream<any ClientExchange>

    private init(port: Int, running: Task<Void, Never>, exchanges: AsyncStream<any ClientExchange>) {
        self.port = port
        self.running = running
        self.exchanges = exchanges
    }

    static func open() async throws -> DoorFixture {
        var configuration = ListenerConfiguration(place: .address(host: "127.0.0.1", port: 0), tls: nil)
        configuration.guestConnectTime = .seconds(1)
        let listener = try ClientListener(configuration, log: Logger(label: "door") { _ in SwiftLogNoOpLogHandler() })
        let (exchanges, arrival) = AsyncStream.makeStream(of: (any ClientExchange).self)
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        let running = Task {
            do {
                try await listener.run(bound: { bound.yield($0) }) { exchange in
                    arrival.yield(exchange)
                    // The suite has it; the connection is the handler's until the client or the listener ends.
                    let (ends, _) = AsyncStream.makeStream(of: Void.self)
                    for await _ in ends {}
                }
            } catch {
                XCTFail("\(error)")
            }
        }
        var port: Int?
        for await number in ports {
            port = number
            break
        }
        return DoorFixture(port: try XCTUnwrap(port), running: running, exchanges: exchanges)
    }

    func close() async {
        running.cancel()
        await running.value
    }

    func request(
        _ path: String, query: [HTTPField], headers: [HTTPField]
    ) async throws -> (client: any ContractClient, exchange: any ClientExchange) {
        let socket = try RawSocket.connect(port: port)
        let client = HeardSocket(socket)
        let pairs = query.map { "\(Self.escaped($0.name))=\(Self.escaped($0.value))" }
        let target = path.replacing(" ", with: "%20") + (pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&"))
        let lines = ["GET \(target) HTTP/1.1", "Host: localhost"] + headers.map { "\($0.name): \($0.value)" }
        try socket.send(lines.map { $0 + "\r\n" }.joined() + "\r\n")
        let exchanges = exchanges
        let exchange = try await within(patience, on: clock, "a request") { () -> (any ClientExchange)? in
            for await exchange in exchanges { return exchange }
            return nil
        }
        return (client, try XCTUnwrap(exchange))
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = byte.isASCIILetterOrDigit || byte == UInt8(ascii: ".")
            return isPlain ? String(UnicodeScalar(byte)) : String(format: "%%%02X", byte)
        }.joined()
    }

    func guest() async throws -> any ContractGuest { try ListeningGuest() }
}

extension UInt8 {
    fileprivate var isASCIILetterOrDigit: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self)
    }
}

/// A socket to which a thread listens. It closes its side when the other has ended.
private final class HeardSocket: Sendable {
    private struct Heard {
        var bytes: [UInt8] = []
        var isOver = false
    }

    private let socket: RawSocket
    private let heard = Mutex(Heard())

    init(_ socket: RawSocket) {
        self.socket = socket
        Thread.detachNewThread { [self] in listen() }
    }

    private func listen() {
        while true {
            do {
                let part = try socket.receive()
                if part.isEmpty { break }
                heard.withLock { $0.bytes += part }
            } catch {
                // Nothing came for a while, or it is closed.
                if socket.descriptor < 0 || errno != EAGAIN { break }
            }
        }
        heard.withLock { $0.isOver = true }
        socket.close()
    }

    var isOver: Bool { heard.withLock(\.isOver) }
    var text: String { heard.withLock { String(decoding: $0.bytes, as: UTF8.self) } }

    func end() {
        shutdown(socket.descriptor, CInt(SHUT_RDWR))
        heard.withLock { $0.isOver = true }
    }
}

extension HeardSocket: ContractClient {
    /// What was received, an answer at a time.
    private var received: [(head: [String], body: String)] {
        var found: [(head: [String], body: String)] = []
        var rest = Substring(text)
        while let end = rest.firstRange(of: "\r\n\r\n") {
            let head = rest[..<end.lowerBound].split(separator: "\r\n").map(String.init)
            let length = head.first { $0.hasPrefix("Content-Length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
            rest = rest[end.upperBound...]
            guard rest.utf8.count >= length else { break }
            let body = String(decoding: rest.utf8.prefix(length), as: UTF8.self)
            rest = Substring(String(decoding: rest.utf8.dropFirst(length), as: UTF8.self))
            found.append((head, body))
        }
        return found
    }

    private func status(_ head: [String]) -> Int { Int(head[0].split(separator: " ")[1]) ?? 0 }

    func hangUp() async throws { end() }
    func sawEnd() async throws -> Bool { isOver }

    func interimTexts() async throws -> [String] {
        received.filter { status($0.head) == 102 }.compactMap { answer in
            answer.head.first { $0.hasPrefix("X-QVD-VM-Info: ") }.map { String($0.dropFirst(15)) }
        }
    }

    func answers() async throws -> [ContractAnswer] {
        received.filter { status($0.head) >= 200 }.map { ContractAnswer(status: status($0.head), body: $0.body) }
    }

    func sessionHeaders() async throws -> [HTTPField]? {
        received.first { status($0.head) == 101 }?.head.dropFirst().map { line in
            let halves = line.split(separator: ": ", maxSplits: 1).map(String.init)
            return HTTPField(halves[0], halves.count > 1 ? halves[1] : "")
        }
    }
}

/// An X agent's socket: one connection, and then it listens no more.
private final class ListeningGuest: ContractGuest {
    let address = IPv4Address(bits: 0x7f00_0001)
    let port: Int
    private let listener: RawSocket
    private let connection = Mutex<HeardSocket?>(nil)

    init() throws {
        let listener = try RawSocket.listen(address: "127.0.0.1")
        self.listener = listener
        port = listener.port
        Thread.detachNewThread { [self] in
            guard let socket = try? listener.accept() else { return }
            connection.withLock { $0 = HeardSocket(socket) }
            listener.close()
        }
    }

    func close() async throws {
        // A connection that stands may not have been accepted yet by the thread that does it.
        let deadline = ContinuousClock.now + .milliseconds(500)
        while connection.withLock({ $0 == nil }), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        connection.withLock { $0 }?.end()
        shutdown(listener.descriptor, CInt(SHUT_RDWR))
        listener.close()
    }

    func sawEnd() async throws -> Bool { connection.withLock { $0 }?.isOver ?? false }
}
