import FarmModel
import Foundation
import XCTest

final class IdentityTests: XCTestCase {
    func testIdentifiersAreOrderedWrittenAndReadAsTheirNumber() throws {
        XCTAssertLessThan(VMID(2), VMID(10))
        XCTAssertEqual("\(VMID(10))", "10")
        XCTAssertEqual(VMID(rawValue: 7), VMID(7))
        let text = try JSONEncoder().encode([UserID(3), UserID(4)])
        XCTAssertEqual(String(decoding: text, as: UTF8.self), "[3,4]")
        XCTAssertEqual(try JSONDecoder().decode([UserID].self, from: text), [UserID(3), UserID(4)])
        // Two nouns with the same number are different types, so this would not compile: VMID(1) == UserID(1).
        XCTAssertFalse(VMID.self == UserID.self as Any.Type)
    }

    func testAFarmIsNamedBySixLowerCaseHexadecimalDigits() {
        XCTAssertEqual(FarmID("0a1b2c")?.text, "0a1b2c")
        XCTAssertEqual(FarmID(bits: 0x0a_1b2c).text, "0a1b2c")
        XCTAssertEqual(FarmID(bits: 0), FarmID("000000"))
        XCTAssertEqual(FarmID(bits: 0xff12_3456), FarmID("123456"), "only the low 24 bits count")
        for text in ["", "0a1b2", "0a1b2c0", "0A1B2C", "0a1b2g", "０a1b2c", "0a1b2 "] {
            XCTAssertNil(FarmID(text), text)
        }
    }

    func testEpochsOnlyGrow() {
        XCTAssertEqual(Epoch.none, Epoch(0))
        XCTAssertEqual(Epoch(41).next(in: 0), Epoch(42))
        XCTAssertLessThan(Epoch(9), Epoch(10))
        XCTAssertEqual("\(Epoch(10))", "10")
        XCTAssertEqual(Epoch(41).next(in: 2), Epoch(42, era: 2))
        XCTAssertEqual(Epoch(41, era: 3).next(in: 2), Epoch(42, era: 3), "an era is never left for an older one")
        XCTAssertLessThan(Epoch(99, era: 1), Epoch(3, era: 2), "every epoch of a new era is newer")
        XCTAssertEqual("\(Epoch(10, era: 2))", "2.10")
    }

    func testSecretsAreNeverPrinted() {
        let secret = AgentSecret(String(repeating: "5a", count: 32))
        var dumped = ""
        dump(["secret": secret.debugDescription, "words": "\(secret)"], to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\([secret])", dumped] {
            XCTAssertFalse(text.contains("5a5a"), text)
        }
        let endpoint = AgentEndpoint(address: IPv4Address(bits: 1), secret: secret)
        XCTAssertFalse("\(endpoint)".contains("5a5a"), "\(endpoint)")
        XCTAssertEqual(SessionParameter.secret, ["qvd.client.nx.cookie", "qvd.slave.key", "auth_token"])
    }

    func testASessionIsNamedByItsRouterAndItsCount() {
        XCTAssertEqual("\(SessionToken(router: "7f3a", number: 12))", "7f3a/12")
        XCTAssertNotEqual(SessionToken(router: "7f3a", number: 1), SessionToken(router: "7f3b", number: 1))
    }
}
