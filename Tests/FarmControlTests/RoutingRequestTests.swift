import FarmControl
import FarmModel
import Foundation
import XCTest

final class RoutingRequestTests: XCTestCase {
    private func status(
        _ query: [(name: String, value: String)], upgrade: String? = "QVD/1.0",
        connection: String? = "Upgrade"
    ) -> Int {
        do throws(RouterAnswer) {
            _ = try ConnectRequest(upgrade: upgrade, connection: connection, query: query)
            return 200
        } catch {
            return error.status
        }
    }

    func testUpgradeHeadersAreRequiredInAnyCaseAndAsLists() {
        XCTAssertEqual(status([("id", "1")]), 200)
        XCTAssertEqual(status([("id", "1")], upgrade: "qvd/1.0", connection: "keep-alive, UPGRADE"), 200)
        XCTAssertEqual(status([("id", "1")], upgrade: nil), 426)
        XCTAssertEqual(status([("id", "1")], upgrade: "QVD/2.0"), 426)
        XCTAssertEqual(status([("id", "1")], connection: "close"), 426)
    }

    func testOnlyClientAndCustomParametersAreTaken() {
        for name in ["qvd.client.link", "qvd.client.anything.new", "custom.a"] {
            XCTAssertEqual(status([("id", "1"), (name, "x")]), 200, name)
        }
        for name in [
            "qvd.vm.user.name", "qvd.slave.key", "qvd.router.address", "qvd.client.", "custom.", "", "ID",
            "auth_token",
        ] {
            XCTAssertEqual(status([("id", "1"), (name, "x")]), 403, name)
        }
    }

    func testCountsAndLengthsAreLimited() {
        let many = (0..<65).map { (name: "custom.p\($0)", value: "") }
        XCTAssertEqual(status([("id", "1")] + many.dropLast()), 200)
        XCTAssertEqual(status([("id", "1")] + many), 422)
        XCTAssertEqual(status([("id", "1"), ("custom.a", String(repeating: "x", count: 1024))]), 200)
        XCTAssertEqual(status([("id", "1"), ("custom.a", String(repeating: "x", count: 1025))]), 422)
        XCTAssertEqual(status([("id", "1"), ("custom." + String(repeating: "x", count: 122), "")]), 422)
        let large = (0..<9).map { (name: "custom.p\($0)", value: String(repeating: "x", count: 1000)) }
        XCTAssertEqual(status([("id", "1")] + large), 422)
        XCTAssertEqual(status([("id", "1"), ("custom.a", "x\ny")]), 422)
    }

    func testTheCookieOfTheLineIsThirtyTwoHexadecimalDigits() {
        func status(_ cookie: String) -> Int { self.status([("id", "1"), (SessionParameter.nxCookie, cookie)]) }
        XCTAssertEqual(status(String(repeating: "0aF9", count: 8)), 200)
        for cookie in ["", "0aF9", String(repeating: "0aF9", count: 9), String(repeating: "0aG9", count: 8)] {
            XCTAssertEqual(status(cookie), 422, cookie)
        }
    }

    func testIdsAreOnePositiveNumber() {
        for id in ["", "0", "-1", "1.0", "one", "99999999999999999999"] {
            XCTAssertEqual(status([("id", id)]), 422, id)
        }
        XCTAssertEqual(status([]), 422)
        XCTAssertEqual(status([("id", "1"), ("id", "1")]), 422)
    }

    func testTheAgentsParametersAreMergedClientThenPropertiesThenRouter() throws {
        let request = try ConnectRequest(
            upgrade: "QVD/1.0", connection: "Upgrade",
            query: [
                ("id", "1"), ("qvd.client.link", "lan"), ("custom.a", "client"), ("custom.a", "client again"),
            ])
        let merged = request.agentParameters(
            properties: [
                "custom.a": "property", "qvd.client.keyboard": "pc105/es", "qvd.vm.user.name": "root",
                "l7r.auth.plugin.totp.secret32": "S3CR3T",
            ], router: ["qvd.vm.user.name": "alice"])
        XCTAssertEqual(
            merged,
            [
                "qvd.client.link": "lan", "custom.a": "property", "qvd.client.keyboard": "pc105/es",
                "qvd.vm.user.name": "alice",
            ])
    }

    func testCredentialsAreReadAsRFC7617Says() {
        func read(_ header: String) -> (String, String)? {
            BasicCredentials(header: header).map { ($0.login, $0.password) }
        }
        XCTAssert(read("Basic YWxpY2U6c2VjcmV0").map { $0 == ("alice", "secret") } ?? false)
        XCTAssert(read("bAsIc  YWxpY2U6c2VjcmV0").map { $0 == ("alice", "secret") } ?? false)
        XCTAssert(
            read("Basic YTpiOmPDvA==").map { $0 == ("a", "b:cü") } ?? false, "colons belong to the password")
        XCTAssert(read("Basic YTpiOmPDvA").map { $0 == ("a", "b:cü") } ?? false, "without padding")
        for header in [
            "", "Basic", "Basic ", "Bearer YWxpY2U6c2VjcmV0", "Basic YWxpY2U=", "Basic YWxpY2U6",
            "Basic OnNlY3JldA==",
            "Basic YWxpY2U6c2VjcmV0=", "Basic Y", "Basic /w==", "Basic YWxp Y2U6", "Basic YToA",
            "Basic YWxpY2U6" + String(repeating: "YWFh", count: 1000),
        ] { XCTAssertNil(read(header), header) }
        // A login reaches logs and lists.
        for login in ["a\u{9B}31m", "a\u{202E}b", "a\nb", "a\u{2028}b", "a\u{7F}", "a\u{200B}"] {
            XCTAssertNil(read("Basic " + Data("\(login):secret".utf8).base64EncodedString()), login.debugDescription)
        }
        XCTAssertEqual(BasicCredentials(header: "Basic YWxpY2U6c2VjcmV0").map { "\($0)" }, "alice")
    }

    func testTheLastThousandEndingsAreKept() {
        let (alice, bob) = (LoginName("alice")!, LoginName("bob")!)
        var endings = SessionEndings()
        func token(_ number: Int) -> SessionToken { SessionToken(router: "r", number: Int64(number)) }
        for number in 1...2500 {
            endings.add(SessionEnding(.takenOver, "\(number)"), of: token(number), user: alice)
        }
        XCTAssertEqual(endings.count, 1000)
        XCTAssertNil(endings.ending(of: token(1500), user: alice))
        XCTAssertEqual(endings.ending(of: token(1501), user: alice)?.text, "1501")
        XCTAssertNil(endings.ending(of: token(2500), user: bob), "another's ending is not told")
    }
}

final class RoutingLoginLimiterTests: XCTestCase {
    private let alice = LoginName("alice")!
    private let start = Instant(nanoseconds: 5_000_000_000)

    func testABurstIsAllowedAndThenOnePerInterval() {
        var limiter = LoginLimiter(perUser: .init(burst: 3, interval: .seconds(10)))
        for _ in 0..<3 { XCTAssertNil(limiter.begin(alice, from: "a", at: start)) }
        XCTAssertEqual(limiter.begin(alice, from: "b", at: start), .seconds(10), "from anywhere")
        XCTAssertNil(limiter.begin(LoginName("bob")!, from: "a", at: start), "others are not concerned")
        let later = start.advanced(by: .seconds(10))
        XCTAssertNil(limiter.begin(alice, from: "a", at: later))
        XCTAssertNotNil(limiter.begin(alice, from: "a", at: later))
    }

    func testSuccessForgetsAndAnAttemptThatWasNotCheckedIsTakenBack() {
        var limiter = LoginLimiter(perUser: .init(burst: 2, interval: .seconds(10)))
        for _ in 0..<50 {
            XCTAssertNil(limiter.begin(alice, from: "a", at: start))
            limiter.succeeded(alice)
        }
        for _ in 0..<50 {
            XCTAssertNil(limiter.begin(alice, from: "a", at: start))
            limiter.abandoned(alice)
        }
    }

    func testAnAddressThatTriesManyUsersIsStopped() {
        var limiter = LoginLimiter(perAddress: .init(burst: 5, interval: .seconds(10)))
        for number in 0..<5 {
            XCTAssertNil(limiter.begin(LoginName("u\(number)")!, from: "a", at: start))
            limiter.failed(from: "a", at: start)
        }
        XCTAssertNotNil(limiter.begin(LoginName("u9")!, from: "a", at: start))
        XCTAssertNil(limiter.begin(LoginName("u9")!, from: "b", at: start))
    }

    func testMemoryIsBoundedAndTheGuessedAreRemembered() {
        var limiter = LoginLimiter(perUser: .init(burst: 2, interval: .seconds(10)), keysMax: 100)
        for _ in 0..<2 { XCTAssertNil(limiter.begin(alice, from: "a", at: start)) }
        for number in 0..<1000 {
            _ = limiter.begin(LoginName("u\(number)")!, from: "a", at: start)
            limiter.failed(from: "b\(number)", at: start)
            XCTAssertLessThanOrEqual(limiter.count, 200)
        }
        XCTAssertNotNil(
            limiter.begin(alice, from: "a", at: start), "a flood of names does not free a guessed one")
    }
}
