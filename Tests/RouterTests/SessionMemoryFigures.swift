import FarmModel
import FarmPorts
import Foundation
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
        try measure(count, RouterWorld(tls: files))
        try FileManager.default.removeItem(at: folder)
    }

    private func measure(_ count: Int, _ world: RouterWorld) throws {
        let snapshot = try world.snapshot()
        let alice = try XCTUnwrap(snapshot.users.first { $0.login == "alice" })
        let osf = try XCTUnwrap(snapshot.osfs.first)
        for number in 0...count {
            try world.apply(
                .addVM(name: "idle\(number)", user: alice.id, osf: osf.id, tag: "default", address: nil))
        }
        let vms = try world.snapshot().vms.filter { $0.name.hasPrefix("idle") }.map(\.id)
        let clients = try IdleClients(port: world.port)
        var guests: [RawSocket] = []
        var before = 0
        for (number, vm) in vms.enumerated() {
            try clients.connect(to: vm)
            guests.append(try world.guest.accept())
            if number == 0 { before = try residentKiB() }
        }
        let each = Double(try residentKiB() - before) / Double(count)
        let name = "L7R memory per idle session of \(count)"
        print("FIGURE  \(name.padding(toLength: 56, withPad: " ", startingAt: 0))", terminator: "  ")
        print(String(format: "%.1f KiB", each), "  (aim: ≤ 64 KiB)")
        try eventually("all sessions") { try world.snapshot().sessions.count == count + 1 }
        clients.leave()
        guests = []
        try world.stop()
    }

    private func residentKiB() throws -> Int {
        let lines = try String(contentsOfFile: "/proc/self/status", encoding: .utf8).split(separator: "\n")
        let line = try XCTUnwrap(lines.first { $0.hasPrefix("VmRSS:") })
        return try XCTUnwrap(Int(line.filter(\.isNumber)))
    }
}

/// Clients in processes of their own, so that their memory is not counted.
private final class IdleClients {
    private let process = Process()
    private let names = Pipe()

    init(port: Int) throws {
        let request =
            "GET /qvd/connect_to_vm?id=%s HTTP/1.1\\r\\nHost: node1\\r\\n\(RouterWorld.alice)\\r\\n"
            + "Connection: Upgrade\\r\\nUpgrade: QVD/1.0\\r\\n\\r\\n"
        let script = """
            while read -r vm; do
                { printf '\(request)' "$vm"; exec sleep 600; } |
                    openssl s_client -quiet -connect 127.0.0.1:\(port) >/dev/null 2>&1 &
            done
            kill -KILL 0
            """
        process.executableURL = URL(filePath: "/usr/bin/setsid")
        process.arguments = ["bash", "-c", script]
        process.standardInput = names
        try process.run()
    }

    func connect(to vm: VMID) throws { try names.fileHandleForWriting.write(contentsOf: Data("\(vm)\n".utf8)) }

    /// Ends all of them.
    func leave() {
        names.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }
}
