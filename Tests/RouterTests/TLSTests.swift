import FarmModel
import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTransport
import OpenSSLSecrets
import Synchronization
import XCTest

/// The same wire through TLS, with a certificate of the router's own making.
final class TLSTests: XCTestCase {
    private var folder: URL!
    private var fixture: RouterFixture!

    override func setUp() async throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("qvd-router-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let files = ListenerConfiguration.TLSFiles(
            certificate: folder.appendingPathComponent("cert.pem").path,
            key: folder.appendingPathComponent("key.pem").path)
        let certificate = SelfSignedCertificate(
            keyPath: files.key, certificatePath: files.certificate, hostName: "node1")
        let isNew = try await certificate.ensure()
        XCTAssertTrue(isNew)
        fixture = try RouterFixture(tls: files) { $0.requestTime = .seconds(2) }
    }

    override func tearDownWithError() throws {
        // Nil when the set-up failed.
        try fixture?.stop()
        fixture = nil
        try FileManager.default.removeItem(at: folder)
    }

    private func connect() throws -> TLSClient {
        try TLSClient.connect(
            port: fixture.port, trusting: folder.appendingPathComponent("cert.pem").path, name: "node1")
    }

    /// A connected session of VM 1, with what was received behind the head.
    private func session(then more: String = "") throws -> (client: TLSClient, guest: RawSocket) {
        let client = try connect()
        try client.send(
            "GET /qvd/connect_to_vm?id=1 HTTP/1.1\r\nHost: node1\r\n\(RouterFixture.alice)\r\n"
                + "Connection: Upgrade\r\nUpgrade: QVD/1.0\r\n\r\n\(more)")
        try eventually("session") {
            let text = String(decoding: client.received, as: UTF8.self)
            return text.contains("HTTP/1.1 101 ") && text.hasSuffix("\r\n\r\n")
        }
        client.forget()
        return (client, try fixture.guest.accept())
    }

    func testRequestsAreServedWithTheCertificateThatWasMade() throws {
        let client = try connect()
        try client.send("GET /qvd/ping HTTP/1.1\r\nConnection: close\r\n\r\n")
        try eventually("answer") { client.hasEnded }
        XCTAssertTrue(String(decoding: client.received, as: UTF8.self).hasSuffix("I am alive!"))
        XCTAssertEqual(client.received.starts(with: Array("HTTP/1.1 200 OK\r\n".utf8)), true)
    }

    func testBytesFlowBothWaysAndTheFirstOnesAreNotLost() throws {
        let (client, guest) = try session(then: "NXPROXY early ")
        XCTAssertEqual(try guest.receive(exactly: 14), Array("NXPROXY early ".utf8))
        let all = (0...255).map { UInt8($0) }
        try guest.send(all)
        try eventually("bytes of the guest") { client.received == all }
        try client.close()
        XCTAssertEqual(try guest.receiveAll(), [])
        guest.close()
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
    }

    func testAHalfClosedSessionStillCarriesTheOtherDirection() throws {
        let (client, guest) = try session()
        try client.send("last words")
        try client.endOutput()
        XCTAssertEqual(try guest.receiveAll(), Array("last words".utf8))
        let answer = [UInt8](repeating: 3, count: 1 << 20)
        guest.sendAndCloseBeside(answer)
        try eventually("the whole answer") { client.received.count == answer.count }
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
    }

    func testTheGuestsEndReachesTheClient() throws {
        let (client, guest) = try session()
        try guest.send("bye")
        guest.close()
        try eventually("end") { client.hasEnded }
        XCTAssertEqual(client.received, Array("bye".utf8))
        try client.close()
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
    }

    func testWhatIsNoTLSIsCutOffAndTheNextClientServed() throws {
        for garbage in [
            "GET /qvd/ping HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}garbage", String(repeating: "\u{0}", count: 4096), "",
        ] {
            let client = try fixture.connect()
            try client.send(garbage)
            // A reset is as good an end as any.
            let answer = (try? client.receiveAll()) ?? []
            XCTAssertFalse(String(decoding: answer, as: UTF8.self).contains("alive"), "answered in the clear")
        }
        try testRequestsAreServedWithTheCertificateThatWasMade()
    }
}
