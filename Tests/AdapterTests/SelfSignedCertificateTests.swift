import FarmPorts
import Foundation
import XCTest

@testable import OpenSSLSecrets

final class SelfSignedCertificateTests: XCTestCase {
    private var folder: URL!

    override func setUpWithError() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("qvd-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws { try FileManager.default.removeItem(at: folder) }

    private func pair(_ host: String) -> SelfSignedCertificate {
        SelfSignedCertificate(
            keyPath: folder.appendingPathComponent("key.pem").path,
            certificatePath: folder.appendingPathComponent("cert.pem").path, hostName: host)
    }

    /// What the openssl program reads out of the file.
    private func openssl(_ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: output, as: UTF8.self)
    }

    func testAPairIsMadeOnceForTheHost() async throws {
        let pair = pair("desk.example.org")
        let made = try await pair.ensure()
        XCTAssertTrue(made)
        let text = try openssl("x509", "-in", pair.certificatePath, "-noout", "-text", "-checkend", "310000000")
        XCTAssertTrue(text.contains("Subject: CN = desk.example.org"), text)
        XCTAssertTrue(text.contains("DNS:desk.example.org"), text)
        XCTAssertTrue(text.contains("ASN1 OID: prime256v1"), text)
        XCTAssertTrue(text.contains("Certificate will not expire"), text)
        XCTAssertTrue(
            try openssl("verify", "-CAfile", pair.certificatePath, "-x509_strict", pair.certificatePath)
                .contains(": OK"))
        let attributes = try FileManager.default.attributesOfItem(atPath: pair.keyPath)
        XCTAssertEqual(attributes[.posixPermissions] as? Int, 0o600)
        let before = try Data(contentsOf: URL(fileURLWithPath: pair.certificatePath))
        let again = try await pair.ensure()
        XCTAssertFalse(again)
        XCTAssertEqual(try Data(contentsOf: URL(fileURLWithPath: pair.certificatePath)), before)
        XCTAssertEqual(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted(), ["cert.pem", "key.pem"])
    }

    func testAKeyAloneGetsItsCertificate() async throws {
        let pair = pair("10.3.0.1")
        _ = try await pair.ensure()
        let key = try openssl("pkey", "-in", pair.keyPath, "-pubout")
        try FileManager.default.removeItem(atPath: pair.certificatePath)
        let made = try await pair.ensure()
        XCTAssertTrue(made)
        XCTAssertEqual(try openssl("pkey", "-in", pair.keyPath, "-pubout"), key)
        XCTAssertEqual(try openssl("x509", "-in", pair.certificatePath, "-noout", "-pubkey"), key)
        XCTAssertTrue(
            try openssl("x509", "-in", pair.certificatePath, "-noout", "-text").contains("IP Address:10.3.0.1"))
    }

    func testWhatCannotBeIsAClearErrorAndChangesNothing() async throws {
        func message(_ pair: SelfSignedCertificate) async -> String {
            do { return "made: \(try await pair.ensure())" } catch { return error.description }
        }
        for host in ["", "a,DNS:evil.example", "a b", String(repeating: "x", count: 65)] {
            let text = await message(pair(host))
            XCTAssertTrue(text.contains("host name"), text)
        }
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path), [])
        try Data("x".utf8).write(to: folder.appendingPathComponent("cert.pem"))
        let alone = await message(pair("host"))
        XCTAssertTrue(alone.contains("key.pem does not"), alone)
        try FileManager.default.removeItem(at: folder.appendingPathComponent("cert.pem"))
        try Data("no key".utf8).write(to: folder.appendingPathComponent("key.pem"))
        let garbage = await message(pair("host"))
        XCTAssertTrue(garbage.contains("cannot be used"), garbage)
        XCTAssertEqual(try String(contentsOf: folder.appendingPathComponent("key.pem"), encoding: .utf8), "no key")
    }
}
