import Foundation
import NodeRig
import XCTest

/// What a user meets, with the real client, the real node and a real guest.
final class ClientTests: XCTestCase {
    func testTheServerIsTrustedByItsFingerprintAndTheUserByTheirPassword() async throws {
        try await withFarm { farm, _ in
            try await farm.addDesktops(["one", "two"])
            let user = try await UserRig.sitDown(farm)
            defer { user.leave() }

            let stranger = try user.run(["--list"])
            XCTAssertEqual(stranger.status, 3, stranger.words)
            XCTAssert(stranger.words.contains("not known yet"), stranger.words)
            XCTAssert(stranger.words.contains("--accept-fingerprint"), "it says what to do: \(stranger.words)")
            let certificate = "\(farm.folder)/ssl/cert.pem"
            let fingerprint = try await RigCommand.run(
                "openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256"
            ).trimmingCharacters(in: .whitespacesAndNewlines).split(separator: "=")[1]
            XCTAssert(stranger.words.contains(fingerprint), "OpenSSL's fingerprint is the one that is shown")

            let wrong = try user.run(["--list", "--accept-fingerprint", String(repeating: "0", count: 64)])
            XCTAssertEqual(wrong.status, 3, wrong.words)
            let first = try user.run(["--list", "--json", "--accept-fingerprint", String(fingerprint)])
            XCTAssertEqual(first.status, 0, first.words)
            XCTAssert(first.words.contains(#""name":"one""#) && first.words.contains(#""name":"two""#), first.words)
            let again = try user.run(["--list"])
            XCTAssertEqual(again.status, 0, "it is remembered: \(again.words)")

            let thief = try user.run(["--list"], password: "wrong donkey")
            XCTAssertEqual(thief.status, 2, thief.words)
            XCTAssertFalse(thief.words.contains("donkey"), "the password is not repeated")
            let unsure = try user.run([])
            XCTAssertEqual(unsure.status, 1, unsure.words)
            XCTAssert(unsure.words.contains("one (1), two (2)"), "it lists what there is: \(unsure.words)")

            let known = try String(contentsOfFile: user.knownServers, encoding: .utf8)
            let other = String(repeating: "ab", count: 32)
            try known.replacing(try XCTUnwrap(known.split(separator: " ").last).prefix(64), with: other)
                .write(toFile: user.knownServers, atomically: true, encoding: .utf8)
            let changed = try user.run(["--list"])
            XCTAssertEqual(changed.status, 3, changed.words)
            XCTAssert(changed.words.contains("not the one that was trusted before"), changed.words)
        }
    }

    func testAServerThatIsNotReadyIsAskedAgain() async throws {
        try await withFarm { farm, _ in
            try await farm.addDesktops(["one"])
            let user = try await UserRig.sitDown(farm)
            defer { user.leave() }
            try await farm.qvd("node", "block", "node1")
            let client = try user.start("list", ["--list", "--ssl-errors", "continue"])
            try await waitFor("the client to say what it waits for") {
                client.logText().contains("retry later; trying again in 1 s")
            }
            try await farm.qvd("node", "unblock", "node1")
            try await waitFor("the list") { client.logText().contains("one") && !client.isRunning }
        }
    }

    func testASessionIsTakenOverAndOutlivesTheHouseKeeper() async throws {
        try await withFarm { farm, _ in
            try await farm.addDesktops(["one"])
            let here = try await UserRig.sitDown(farm)
            let there = try await UserRig.sitDown(farm)
            defer {
                here.leave()
                there.leave()
            }
            let first = try here.start("client")
            try await waitFor("the first session; \(here.folder)/client.log", upTo: .seconds(120)) {
                guard first.isRunning else { throw RigFailure("the client ended: \(first.logText())") }
                return first.logText().contains("connected to one")
            }
            try await farm.killAndAwaitSuccessor("hkd")
            try await waitFor("the node to serve again") {
                try await farm.qvd("node", "list", "--json").contains("\"running\"")
            }
            XCTAssert(first.isRunning, "HKD's death cut the session: \(first.logText())")

            let second = try there.start("client")
            do {
                try await waitFor("the first client to be cut", upTo: .seconds(60)) { !first.isRunning }
            } catch {
                throw RigFailure("\(error): \(first.logText())\n\(second.logText())")
            }
            XCTAssert(first.logText().contains("belongs to another client"), first.logText())
            try await waitFor("the second session", upTo: .seconds(60)) {
                guard second.isRunning else { throw RigFailure("the client ended: \(second.logText())") }
                return second.logText().contains("connected to one")
            }
            let shown = try await farm.qvd("vm", "show", "one", "--json")
            XCTAssert(shown.contains("connected"), shown)
            second.signal(SIGTERM)
            try await waitFor("the second client to leave") { !second.isRunning }
        }
    }

    func testAClientComesBackByItselfWhenTheRouterDies() async throws {
        try await withFarm { farm, _ in
            try await farm.addDesktops(["one"])
            let user = try await UserRig.sitDown(farm)
            defer { user.leave() }
            let client = try user.start("client")
            func connections() -> Int { client.logText().components(separatedBy: "connected to one\n").count - 1 }
            try await waitFor("the session", upTo: .seconds(120)) {
                guard client.isRunning else { throw RigFailure("the client ended: \(client.logText())") }
                return connections() == 1
            }
            let found = try await farm.process("l7r")
            kill(try XCTUnwrap(found), SIGKILL)
            try await waitFor("the client to be back", upTo: .seconds(90)) {
                guard client.isRunning else { throw RigFailure("the client ended: \(client.logText())") }
                return connections() == 2
            }
            XCTAssert(client.logText().contains("the connection is lost"), client.logText())
            client.signal(SIGTERM)
            try await waitFor("the client to leave") { !client.isRunning }
        }
    }

    func testAFileInTheHomeSurvivesAndAFileOutsideDoesNot() async throws {
        try await withFarm { farm, _ in
            try await farm.addDesktops(["one"])
            try await farm.qvd("property", "set", "vm", "one", "custom.demo.nonce", "aa bb")
            let user = try await UserRig.sitDown(farm)
            defer { user.leave() }
            for start in 1...3 {
                let pixels = try await user.pixels(ofNonce: "aa bb", "one")
                XCTAssertGreaterThan(pixels, 50_000, "start \(start): the guest's own window is seen")
                try await farm.qvd("vm", "stop", "one")
                try await farm.waitUntil("one", is: "stopped")
                guard start == 2 else { continue }
                try await farm.qvd("di", "add", "demo", try FarmRig.guestImage())
                let images = try await farm.qvd("di", "list", "--json")
                let rows = try JSONSerialization.jsonObject(with: Data(images.utf8)) as? [[String: Any]]
                let newest = try XCTUnwrap(rows?.compactMap { $0["id"] as? Int }.max())
                try await farm.qvd("di", "tag", "id:\(newest)", "default")
            }
            let disks = "\(farm.folder)/storage/homes"
            let names = try FileManager.default.contentsOfDirectory(atPath: disks)
            let disk = try XCTUnwrap(names.first { $0.hasSuffix(".raw") })
            let mount = try ScratchFolder("home")
            try await RigCommand.run("mount", "-o", "loop,ro", "\(disks)/\(disk)", mount.path)
            let users = try FileManager.default.contentsOfDirectory(atPath: mount.path)
            let marks = users.compactMap { FileManager.default.contents(atPath: "\(mount.path)/\($0)/.qvd-sessions") }
            try await RigCommand.run("umount", mount.path)
            try await mount.remove()
            XCTAssertEqual(
                marks.map { String(decoding: $0, as: UTF8.self) }, ["1 1\n2 1\n3 1\n"],
                "lines: sessions that the home has seen, sessions that the overlay has seen")
        }
    }
}
