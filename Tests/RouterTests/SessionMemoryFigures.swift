import FarmModel
import FarmPorts
import Foundation
import Glibc
import NIOSSL
import NIOTransport
import OpenSSLSecrets
import XCTest

/// What an idle session costs. A figure of `make bench`; otherwise a few sessions show that the measurement works.
final class SessionMemoryFigures: XCTestCase {
    func testMemoryOfIdleSessions() async throws {
        let isFull = ProcessInfo.processInfo.environment["QVD_BENCH"] == "full"
        let count = isFull ? 1000 : 20
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("qvd-memory-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let files = ListenerConfiguration.TLSFiles(
            certificate: folder.appendingPathComponent("cert.pem").path,
            key: folder.appendingPathComponent("key.pem").path)
        _ = try await SelfSignedCertificate(
            keyPath: files.key, certificatePath: files.certificate, hostName: "node1"
        ).ensure()
        try measure(count, RouterWorld(tls: files), certificate: files.certificate)
        try measure(count, RouterWorld(), certificate: nil)
        try FileManager.default.removeItem(at: folder)
    }

    /// - Parameter certificate: of the router, for sessions over TLS; nil for sessions without.
    private func measure(_ count: Int, _ world: RouterWorld, certificate: String?) throws {
        let snapshot = try world.snapshot()
        let alice = try XCTUnwrap(snapshot.users.first { $0.login == "alice" })
        let osf = try XCTUnwrap(snapshot.osfs.first)
        for number in 0...count {
            try world.apply(
                .addVM(name: "idle\(number)", user: alice.id, osf: osf.id, tag: "default", address: nil))
        }
        let vms = try world.snapshot().vms.filter { $0.name.hasPrefix("idle") }.map(\.id)
        let context = try NIOSSLContext(configuration: .makeClientConfiguration())
        var ends: [Any] = []
        var before = 0
        for (number, vm) in vms.enumerated() {
            let request =
                "GET /qvd/connect_to_vm?id=\(vm) HTTP/1.1\r\nHost: node1\r\n\(RouterWorld.alice)\r\n"
                + "Connection: Upgrade\r\nUpgrade: QVD/1.0\r\n\r\n"
            if let certificate {
                let client = try TLSClient.connect(
                    port: world.port, trusting: certificate, name: "node1", with: context)
                try client.send(request)
                try eventually("session \(number)") {
                    String(decoding: client.received, as: UTF8.self).contains("HTTP/1.1 101 ")
                }
                client.forget()
                ends.append(client)
            } else {
                let client = try world.connect()
                try client.send(request)
                while try !client.receiveHead().contains("101 Switching") {}
                ends.append(client)
            }
            ends.append(try world.guest.accept())
            if number == 0 { before = try residentKiB() }
        }
        let each = Double(try residentKiB() - before) / Double(count)
        let kind = certificate == nil ? "without TLS" : "TLS, client's end included"
        let name = "L7R memory per idle session of \(count) (\(kind))"
        print("FIGURE  \(name.padding(toLength: 64, withPad: " ", startingAt: 0))", terminator: "  ")
        print(String(format: "%.1f KiB", each), "  (aim: ≤ 64 KiB)")
        XCTAssertEqual(try world.snapshot().sessions.count, count + 1)
        ends = []
        try world.stop()
    }

    private func residentKiB() throws -> Int {
        let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
        let line = try XCTUnwrap(lines.first { $0.hasPrefix("VmRSS:") })
        return try XCTUnwrap(Int(line.filter(\.isNumber)))
    }
}
