import Foundation
import XCTest

/// What a server says reaches the user's terminal as text and never as commands to it.
final class HostileServerTests: XCTestCase {
    /// Runs the client against a server that gives this answer to whoever comes.
    private func client(_ options: [String], answer: String) throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("qvd-hostile-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String) -> String { folder.appendingPathComponent(name).path }
        try answer.write(toFile: file("answer"), atomically: true, encoding: .utf8)
        try "secret".write(toFile: file("password"), atomically: true, encoding: .utf8)
        let made = try words(of: [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "2", "-subj", "/CN=localhost", "-keyout", file("key"), "-out", file("certificate"),
        ])
        XCTAssertTrue(FileManager.default.fileExists(atPath: file("certificate")), made.text)

        let server = Process()
        server.executableURL = URL(filePath: "/usr/bin/env")
        server.arguments = ["python3", "-c", Self.server, folder.path]
        let said = Pipe()
        server.standardOutput = said
        try server.run()
        defer { server.terminate() }
        let port = String(decoding: said.fileHandleForReading.availableData, as: UTF8.self)
        return try words(
            of: [
                "HOME=\(folder.path)", AdministrationRig.program.deletingLastPathComponent().path + "/qvd-client",
                "--host", "127.0.0.1", "--port", port.trimmingCharacters(in: .whitespacesAndNewlines), "--username",
                "alice", "--password-file", file("password"), "--ssl-errors", "continue",
            ] + options
        ).text
    }

    /// Says its port once it listens, and gives every connection the same answer.
    private static let server = """
        import socket, ssl, sys
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1] + "/certificate", sys.argv[1] + "/key")
        answer = open(sys.argv[1] + "/answer", "rb").read()
        listening = socket.create_server(("127.0.0.1", 0))
        print(listening.getsockname()[1], flush=True)
        while True:
            connection = context.wrap_socket(listening.accept()[0], server_side=True)
            head = b""
            while b"\\r\\n\\r\\n" not in head:
                part = connection.recv(4096)
                if not part: break
                head += part
            connection.sendall(answer)
            connection.close()
        """

    private func answer(_ status: String, _ body: String) -> String {
        "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private func assertHarmless(
        _ words: String, _ expected: String..., file: StaticString = #filePath, line: UInt = #line
    ) {
        let harmful = words.unicodeScalars.filter {
            $0 != "\n" && !$0.isASCII || $0.value < 0x20 && $0 != "\n" || $0.value == 0x7F
        }
        XCTAssert(harmful.isEmpty, "\(words.debugDescription)", file: file, line: line)
        for text in expected { XCTAssert(words.contains(text), words.debugDescription, file: file, line: line) }
    }

    func testARefusalRulesNoTerminal() throws {
        let words = try client(
            ["--list"], answer: answer("403 No", "\u{1B}]0;mine\u{7}\u{9B}2J\u{202E}txt\r\nqvd-client: all is well"))
        assertHarmless(words, "\\u{1B}]0;mine\\u{7}\\u{9B}2J\\u{202E}txt")
        XCTAssertFalse(words.contains("\nqvd-client: all is well"), "a line was forged: \(words)")
    }

    func testNamesOfDesktopsRuleNoTerminal() throws {
        let body = #"[{"id":1,"name":"a\u001b[31m\u202eb\n9  running  mine","state":"stopped\u009b2J","blocked":0}]"#
        let list = try client(["--list"], answer: answer("200 OK", body))
        assertHarmless(list, "a\\u{1B}[31m\\u{202E}b\\u{A}9  running  mine", "stopped\\u{9B}2J")
        // For programs the value is whole.
        let json = try client(["--list", "--json"], answer: answer("200 OK", body))
        assertHarmless(json)
        let line = try XCTUnwrap(json.split(separator: "\n").first { $0.hasPrefix("[") })
        let desktops = try XCTUnwrap(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [[String: Any]])
        XCTAssertEqual(desktops.first?["name"] as? String, "a\u{1B}[31m\u{202E}b\n9  running  mine")
        assertHarmless(
            try client(["--desktop", "nothere"], answer: answer("200 OK", body)), "you have no desktop `nothere`")
    }
}
