import FarmPorts
import Foundation
import PortContracts
import XCTest

@testable import OpenSSLSecrets

final class OpenSSLSecretsTests: XCTestCase {
    /// As cheap as scrypt gets, where the cost is not what is tested.
    private let cheap = ScryptCost(logarithm: 4, blockSize: 8, parallelism: 1)

    func testScryptKeepsTheHasherContract() async throws {
        try await PasswordHasherContract.check(ScryptHasher(cost: cheap))
        let hash = try await ScryptHasher(cost: cheap).hash("secret")
        try await PasswordHasherContract.checkThatItSaysSo(ScryptHasher(cost: cheap, memoryMax: 1024), hash: hash)
        try await PasswordHasherContract.checkThatItSaysSo(ScryptHasher(cost: cheap, waitingMax: 0), hash: hash)
    }

    func testScryptGivesTheNumbersOfRFC7914() async throws {
        // Section 12: P="pleaseletmein", S="SodiumChloride", N=16384, r=8, p=1, and the row below with p=16.
        let first = "cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw"
        let hash = "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$" + first
        let hasher = ScryptHasher(cost: cheap)
        let right = try await hasher.verify("pleaseletmein", against: hash)
        let wrong = try await hasher.verify("pleaseletmeout", against: hash)
        XCTAssertTrue(right)
        XCTAssertFalse(wrong)
    }

    func testTheStandardHashSaysItsCostAndTakesItsTime() async throws {
        let hasher = ScryptHasher()
        let start = ContinuousClock.now
        let hash = try await hasher.hash("secret")
        let duration = ContinuousClock.now - start
        print("one scrypt hash at the standard cost: \(duration)")
        XCTAssertTrue(hash.hasPrefix("$scrypt$ln=15,r=8,p=1$"), hash)
        XCTAssertEqual(hash.split(separator: "$").map(\.count), [6, 13, 22, 43])
        XCTAssertFalse(hasher.needsRehash(hash))
        XCTAssertTrue(ScryptHasher(cost: cheap).needsRehash(hash))
        XCTAssertTrue(hasher.needsRehash("$other$hash"))
    }

    func testHashesThatWouldTakeTooMuchAreNotTried() async throws {
        let hasher = ScryptHasher(cost: cheap)
        for costs in ["ln=21,r=8,p=1", "ln=20,r=8,p=1", "ln=0,r=8,p=1", "ln=4,r=33,p=1", "ln=4,r=8,p=17", "ln=4,r=8"] {
            let text = "$scrypt$\(costs)$U29kaXVtQ2hsb3JpZGU$U29kaXVtQ2hsb3JpZGVTb2RpdW0"
            XCTAssertNil(ScryptHash(text), costs)
            let isTaken = try await hasher.verify("secret", against: text)
            XCTAssertFalse(isTaken, costs)
        }
    }

    func testManyLoginsAtOnceAllGetAnAnswer() async throws {
        let hasher = ScryptHasher(cost: cheap, parallelMax: 2)
        let hash = try await hasher.hash("secret")
        let right = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                let password = number.isMultiple(of: 2) ? "secret" : "wrong"
                group.addTask { try await hasher.verify(password, against: hash) }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        XCTAssertEqual(right, 100)
    }

    func testRandomBytesAreOfTheAskedCountAndDiffer() {
        let random = SystemRandom()
        XCTAssertEqual(random.bytes(0), [])
        let drawn = Set((0..<100).map { _ in random.bytes(32) })
        XCTAssertEqual(drawn.count, 100)
        XCTAssertEqual(Set(drawn.map(\.count)), [32])
        // 3,200 bytes of which every value is missing with a chance of 0.0004 %.
        XCTAssertGreaterThan(Set(drawn.joined()).count, 250)
    }
}
